/** The assertions the tests use. The npm form of `@std/assert` carries no types: they are given in `assert.d.ts`. */
// @ts-types="./assert.d.ts"
export * from "@std/assert";

/** Part of `Deno.test` since Deno 2.8, which no longer looks for leaks by itself. */
interface SanitizedTest {
  sanitizer?(options: { ops: boolean; resources: boolean }): void;
}

// Whatever a test leaves behind (a timer, a socket, a file, a promise of the runtime) fails it, however it is run.
(Deno.test as SanitizedTest).sanitizer?.({ ops: true, resources: true });
