/** Why a call of the HTTP API failed, in words: what `fetch` hides in its text, or on newer Deno in its causes. */
export function describeFetchError(error: unknown): string {
  const texts: string[] = [];
  for (let each = error; each instanceof Error && texts.length < 5; each = each.cause) texts.push(each.message);
  const text = texts.join(" ").replace(/\(https?:[^)]*\)/g, "");
  if (/refused/i.test(text)) {
    return "connection refused, nothing listens there: does the server run, with http_api on? " +
      "Name another API with --api HOST:PORT";
  }
  if (/lookup|dns/i.test(text)) return "unknown host name";
  if (/certificate|tls|ssl/i.test(text)) return "no valid TLS certificate";
  if (/SendRequest|no answer|invalid/i.test(text)) return "no HTTP server listens there: is it another port?";
  return texts.at(-1) ?? String(error);
}
