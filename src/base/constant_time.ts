/** Whether both are the same; how long it takes tells nothing of `expected`, which must not be empty. */
export function equalInConstantTime(sent: Uint8Array, expected: Uint8Array): boolean {
  let difference = sent.length ^ expected.length;
  for (let i = 0; i < sent.length; i++) difference |= sent[i]! ^ expected[i % expected.length]!;
  return difference === 0;
}
