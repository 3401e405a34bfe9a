import { RequestDenied } from "../../base/errors.ts";

/** How much of a host an error quotes. */
const MAX_QUOTED_LENGTH = 120;

/**
 * Judges a client by the web page that it says it is embedded in.
 *
 * The host of the page must end with one of the suffixes, which must not occur in it earlier; without suffixes
 * every page will do. Source: SRS 7 `SrsRefer::check`. It keeps browsers to the rule, nobody else: the client names
 * the page.
 *
 * @throws {RequestDenied} `SecurityDenied`.
 */
export function checkRefer(suffixes: readonly string[], pageUrl: string): void {
  if (suffixes.length === 0) return;
  const host = pageHost(pageUrl);
  const isKnown = suffixes.some((suffix) => {
    const at = host.indexOf(suffix);
    return at >= 0 && at === host.length - suffix.length;
  });
  if (isKnown) return;
  const page = host === "" ? "a page without address" : `a page of ${JSON.stringify(host.slice(0, MAX_QUOTED_LENGTH))}`;
  throw new RequestDenied("SecurityDenied", `${page} may not embed the stream (refer)`);
}

/** Host of an address, as SRS cuts it out: what stands between `://` and the next `/` or `:`. */
function pageHost(pageUrl: string): string {
  const start = pageUrl.indexOf("://");
  return (start < 0 ? pageUrl : pageUrl.slice(start + 3)).replace(/[/:].*$/s, "");
}
