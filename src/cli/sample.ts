/** Where the sample clip is: beside this module, also inside a compiled program. */
export function samplePath(): string {
  const folder = import.meta.dirname;
  if (folder === undefined) throw new TypeError("Cannot find the sample: this module was not loaded from a file");
  return `${folder}/sample.flv`;
}
