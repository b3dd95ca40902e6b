// SHA-256 of the weights after 200 steps, by model of models.ts: equal in every host, default variant.
//
// Place: the shared suite. Invariant: written by `npm run record-fingerprints`, never by hand; changes only with
// a commit that says why the bits change.

export const fingerprints: Readonly<Record<string, string>> = {
  "linear regression, SGD": "a29d5b46bc228d29d5c4fcb68270afc7de42c30aa746c10d0720d21764f81697",
  "relu classifier, Adam": "031aa408b8a4e166f3fe79e78b52254787b462b81b62b786cac613d92394591b",
  "tanh, Nesterov momentum, weight decay": "587cab2c3e3aabfcb9a7c441e6072c010a4f791592582e4f375d52d1b0a45634",
  "gelu and dropout, AdamW": "e36902e4683d1081c260998c03c06c8617b54fc2ef9d714dee5202ae104c2478",
  "batch normalization": "b8f48f69c36f63d1257a23c296375c6131d0587a36b54c912d50483faeb073b9",
  "sigmoid output, binary cross-entropy": "0d321a07553d65eb2249f07f6237cbe64739e3803838290677dd5a80b044d345",
  "bytes, rescaled": "54845cff38778c0d00106df4f5e65fcfc9d57f1c230397c9d2e2dfa9a0b7eb7a",
  embedding: "1cae661f48582ab43868b1881b24819c70393cc74a12075f6deae2b2a8fec15d",
  "recurrent, with lengths": "9a33c79052373e91bc0ae68fb506cc758f350d08041315056ac05397e24a6f48",
  "two inputs, a shared layer, a residual":
    "4be7b13d1ab3f3204c5864b5ff7256ce0c851e286bf7aa372f84acd6ef5f41df",
};
