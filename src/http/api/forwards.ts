import { findVhost } from "../../config/mod.ts";
import { DEFAULT_VHOST, streamKey } from "../../rtmp/url.ts";
import type { ForwardEntry } from "../../server/publish/forward_book.ts";
import { forwardTarget, showTarget } from "../../server/publish/copies.ts";
import type { Call } from "../call.ts";
import { envelope, errorBody, type JsonBody, refusal } from "../envelope.ts";
import { anyText, enveloped, list, record, truth, whole, word } from "../openapi/schema.ts";
import type { ApiContext, Route } from "./route.ts";

const MAX_ADDRESS_LENGTH = 2048;

const forwardSchema = record({
  id: anyText(),
  stream: anyText("app and stream, behind a vhost that is not the default one"),
  destination: anyText("without the key"),
  added: truth("by this API; it stays until it is removed"),
  state: word("waiting", "connecting", "sending"),
  last_error: anyText("without the key; empty while all is well"),
  reconnects: whole(),
  since_ms: whole("the server's clock"),
});

/** Copies of streams to other servers: seen, added and removed while the stream goes on. */
export const forwardRoutes: readonly Route[] = [{
  path: "/api/v1/forwards/[id]",
  methods: ["GET", "POST", "DELETE"],
  effect: ({ method }) => method === "GET" || method === "HEAD" ? "reads" : "controls",
  doc:
    "copies of streams to other servers; POST ?app=&stream=&to= adds one, DELETE ends one; the streams notice nothing",
  extension: true,
  parameters: [
    ["app", "POST: application of the stream"],
    ["stream", "POST: its name"],
    ["vhost", "POST: its vhost, if that is not the default one"],
    ["to", "POST: rtmp[s]://host[:port]/app/key, percent-encoded"],
  ],
  answer: enveloped({}, { forwards: list(forwardSchema), forward: forwardSchema }),
  answerOfOne: enveloped({}, { forward: forwardSchema }),
  handle(context, call, id) {
    const { server: { forwards, identity } } = context;
    const { method } = call;
    if (method === "POST") return add(context, call, id);
    if (method !== "DELETE" && id === "") return envelope(identity, { forwards: forwards.all().map(describeForward) });
    const entry = forwards.all().find((each) => each.id === id);
    if (entry === undefined) return errorBody("StreamNotFound", "there is no forward with this id");
    if (method !== "DELETE") return envelope(identity, { forward: describeForward(entry) });
    forwards.remove(id);
    return envelope(identity);
  },
}];

function add({ server: { config, forwards, identity } }: ApiContext, { query }: Call, id: string): JsonBody | Response {
  const [app, stream, to] = [query.get("app"), query.get("stream"), query.get("to")];
  if (id !== "" || app === "" || stream === "" || to === "") return refusal(400, "POST needs ?app=, stream= and to=");
  const vhost = findVhost(config, query.get("vhost") || DEFAULT_VHOST);
  if (vhost === undefined) return refusal(400, "there is no such vhost");
  const key = streamKey(vhost.name, app, stream);
  const url = { host: "", port: 0, vhost: vhost.name, app, stream, query: "", key };
  const target = to.length <= MAX_ADDRESS_LENGTH && to.includes("//") ? forwardTarget(to, url) : null;
  if (target === null) {
    return refusal(400, "to= must be rtmp[s]://host[:port]/app/key");
  }
  const entry = forwards.add(key, to, showTarget(target, url));
  return typeof entry === "string" ? refusal(409, entry) : envelope(identity, { forward: describeForward(entry) });
}

/** A forward in the members of the API; no key is among them. */
export function describeForward({ id, key, shown, isAdded, sinceMs, copy, fault }: ForwardEntry): JsonBody {
  const { isConnected = false, lastError = fault, reconnects = 0 } = copy?.state ?? {};
  return {
    id,
    stream: key,
    destination: shown,
    added: isAdded,
    state: copy === null ? "waiting" : isConnected ? "sending" : "connecting",
    last_error: lastError,
    reconnects,
    since_ms: Math.round(sinceMs),
  };
}
