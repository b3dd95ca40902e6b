// Gives the event loop a turn between slices.
//
// Place: used by the training loop. Invariant: never setTimeout(0), which browsers delay by 4 ms.

declare const setImmediate: ((callback: () => void) => unknown) | undefined;

let channel: MessageChannel | undefined;
const waiting: (() => void)[] = [];

export function yieldToEventLoop(): Promise<void> {
  if (typeof setImmediate === "function") return new Promise((resolve) => setImmediate(() => resolve()));
  if (typeof MessageChannel !== "function") return Promise.resolve();
  if (!channel) {
    channel = new MessageChannel();
    channel.port1.onmessage = () => waiting.shift()?.();
  }
  const { port2 } = channel;
  return new Promise((resolve) => {
    waiting.push(resolve);
    port2.postMessage(0);
  });
}
