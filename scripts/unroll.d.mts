// Types of unroll.mjs for its test.

export declare function unroll(text: string, path: string): string;
