import { srsIdentity } from "../../server/identity.ts";
import { envelope } from "../envelope.ts";
import { anyText, enveloped, mapOf, record, whole } from "../openapi/schema.ts";
import { redirect, type Route } from "./route.ts";

/** For those who test an HTTP client. */
export const testRoutes: readonly Route[] = [
  ...["/api/v1/requests", "/api/v1/tests/requests"].map((path): Route => ({
    path,
    methods: "any",
    effect: "reads",
    doc: "returns the request",
    answer: enveloped({
      data: record({
        uri: anyText(),
        path: anyText(),
        METHOD: anyText(),
        headers: mapOf(anyText()),
        server: record({ sigature: anyText(), version: anyText(), link: anyText(), time: whole() }),
      }),
    }),
    handle({ server }, { scheme, host, target, path, method, headers }) {
      const { srs_sig: sigature, srs_version: version, srs_url: link } = srsIdentity(server.identity, "", "");
      // Secrets of the caller are no business of a page that shows them.
      const shown = [...headers].filter(([name]) => name !== "authorization" && name !== "cookie");
      return envelope(server.identity, {
        data: {
          uri: `${scheme}://${host}${target}`,
          path,
          METHOD: method,
          headers: Object.fromEntries(shown),
          // SRS overwrites `headers` with these members; the misspelled one is its own.
          server: { sigature, version, link, time: Math.round(server.timers.nowMs()) },
        },
      });
    },
  })),
  {
    path: "/api/v1/tests/errors",
    methods: "any",
    effect: "reads",
    doc: "always returns error 100",
    answer: record({ code: whole(), message: anyText() }),
    handle: () => ({ code: 100, message: "this path always answers an error" }),
  },
  {
    path: "/api/v1/tests/redirects",
    methods: "any",
    effect: "reads",
    doc: "always redirects to errors",
    answer: "redirect",
    handle: (_context, { search }) => redirect(301, "/api/v1/tests/errors", search),
  },
];
