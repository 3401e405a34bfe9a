/** The assertions the tests use. The npm form of `@std/assert` carries no types: they are given in `assert.d.ts`. */
// @ts-types="./assert.d.ts"
export * from "@std/assert";
