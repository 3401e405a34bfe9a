/**
 * Lets other web sites read an answer, as SRS does: only for requests that carry an `Origin`, and without credentials.
 *
 * Source: SRS 7 `SrsHttpCorsMux::serve_http`.
 */
export function allowCrossOrigin(requestHeaders: Headers, answer: Headers): void {
  if (!requestHeaders.has("origin")) return;
  for (const what of ["Origin", "Headers", "Methods"]) answer.set(`Access-Control-Allow-${what}`, "*");
  answer.set("Access-Control-Expose-Headers", "*");
  answer.set("Access-Control-Allow-Credentials", "false");
  // The name is SRS's; browsers look for the second one.
  answer.set("Access-Control-Request-Private-Network", "true");
  answer.set("Access-Control-Allow-Private-Network", "true");
}
