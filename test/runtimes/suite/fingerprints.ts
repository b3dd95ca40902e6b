// SHA-256 of the weights after 200 steps, by model of models.ts: equal in every host, default variant.
//
// Place: the shared suite. Invariant: written by `npm run record-fingerprints`, never by hand; changes only with
// a commit that says why the bits change.

export const fingerprints: Readonly<Record<string, string>> = {
  "linear regression, SGD": "a29d5b46bc228d29d5c4fcb68270afc7de42c30aa746c10d0720d21764f81697",
  "relu classifier, Adam": "6a5831583c7d0b5415275750557125010cec6af147cbaccc817fa2b2dcb143f0",
  "tanh, Nesterov momentum, weight decay": "ee88e0c63e15bf26a16d58e5e77a474ed92f82b1183bde95a32d75380ad6ed01",
  "gelu and dropout, AdamW": "cdcce42762517dd1995b10ad0aceac3611a4af2aa04dc5093e3cf9d1a687df57",
  "batch normalization": "80b29819a4a6e883f050dc687765c2455341e5de02da8e2910967779865a38c2",
  "sigmoid output, binary cross-entropy": "7c9f41b2a6b0bbe128206f24c191d98e0ff552327ce8164c1a8d2bba5c53538b",
  "bytes, rescaled": "7f67ec31da31e02537d1b109c888be1db94919006f1c446cb4b1eafa29cc1916",
  embedding: "89d9113b7deb367051e3e9ca17d52ba5a2bffc8b3d2bab1fdc62b20e6a9610a4",
  "recurrent, with lengths": "8d4bae7bb7427d33e564d7c48de97da9779d7f6619d9899da867ad16ac66c4e9",
  "two inputs, a shared layer, a residual":
    "98a38e8ea0fb5bdc2e88858e2d800960af52efcb919c670ee1f1bf981887e5d0",
  "LeNet's form on bytes": "0acf1f35db0e022e4c99585ff1bb36a5852009c7b34f71d560ac05b2de5c63be",
  "residual and depthwise, batch normalization":
    "aa080b0b99bfd728a403afa3781948f12552ce34b3f8fa2d08ec0723d4e58c0d",
  "convolutional autoencoder": "4e2c187a4f4d8c8c26d81a84ac9da7da995e29c03ee37748908ecc365143d0fb",
};
