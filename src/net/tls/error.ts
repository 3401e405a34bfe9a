/** What is wrong with a server's certificate, by the words of rustls; `$1` and `$2` stand for the pattern's groups. */
const certificateFaults: readonly (readonly [pattern: RegExp, words: string])[] = [
  [/UnknownIssuer/, "its issuer is unknown; to trust that authority, name its file with tls_ca_file or --ca"],
  [/CaUsedAsEndEntity/, "it is a CA certificate; a server needs one with basicConstraints CA:FALSE"],
  [/not valid for name ("[^"]*").*only valid for (.*)/s, "it is for $2, not for $1"],
  [/not valid for name|NotValidForName/, "it is for another name"],
  [/UnsupportedCertVersion/, "it is X.509 v1; a server needs a v3 certificate"],
  [/Expired|certificate expired/i, "it has expired"],
  [/NotValidYet|not valid yet/i, "it is not valid yet"],
];

/**
 * Why a TLS handshake, or the reading of keys, failed: in words, without the names that rustls has for it.
 *
 * @returns Empty where the peer only left.
 */
export function describeTlsError(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const fault = /invalid peer certificate: (.*)/s.exec(text)?.[1];
  if (fault !== undefined) return `certificate rejected: ${describeFault(fault)}`;
  const alert = /received fatal alert: (?:the )?(\w+)/i.exec(text)?.[1];
  if (alert !== undefined) return `the peer aborted the handshake: ${alert}`;
  if (/InvalidContentType|corrupt message/.test(text)) return "the peer does not speak TLS";
  if (error instanceof Deno.errors.UnexpectedEof || error instanceof Deno.errors.ConnectionReset) return "";
  if (error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.NotConnected) return "";
  return text.replace(/ \(os error \d+\)$/, "");
}

function describeFault(fault: string): string {
  for (const [pattern, words] of certificateFaults) {
    const match = pattern.exec(fault);
    if (match === null) continue;
    const names = (match[2] ?? "").replace(/DnsName\("([^"]*)"\)|IpAddress\(([^)]*)\)/g, "$1$2");
    return words.replace("$1", match[1] ?? "").replace("$2", names);
  }
  return fault;
}
