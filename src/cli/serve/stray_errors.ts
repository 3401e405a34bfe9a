import type { Logger } from "../../base/log.ts";

/** Keeps the process alive through errors that nobody caught, and has them logged, until disposed. */
export function logStrayErrors(log: Logger): Disposable {
  const onRejection = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    log.error(`unhandled rejection: ${stackOf(event.reason)}`);
  };
  const onError = (event: ErrorEvent) => {
    event.preventDefault();
    log.error(`unhandled error: ${stackOf(event.error)}`);
  };
  addEventListener("unhandledrejection", onRejection);
  addEventListener("error", onError);
  return {
    [Symbol.dispose]() {
      removeEventListener("unhandledrejection", onRejection);
      removeEventListener("error", onError);
    },
  };
}

function stackOf(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
