// Types of browser.mjs for vitest.config.ts, which is checked by tsc.

export declare const chromiumArguments: string[];
export declare function chromiumEnvironment(executablePath: string): Record<string, string> | undefined;
export declare function findBrowser(): Promise<string>;
