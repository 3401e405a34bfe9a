import type { RecordingEntry } from "../../server/record/recording_book.ts";
import { envelope, errorBody, type JsonBody } from "../envelope.ts";
import { serveFile } from "../files/static_files.ts";
import { anyText, enveloped, list, orNull, record, whole, word } from "../openapi/schema.ts";
import type { Route } from "./route.ts";
import { page, pageParameters } from "./traffic.ts";

const PATH = "/api/v1/recordings/";

const recordingSchema = record({
  id: anyText(),
  vhost: anyText(),
  app: anyText(),
  name: anyText(),
  stream: anyText("app and stream"),
  file: anyText("path on the server"),
  state: word("recording", "waiting", "finishing", "finished"),
  start_ms: orNull(whole("Unix time")),
  epoch: orNull(
    whole("of the publish by which the recording began; null where that is unknown, or there are no coworkers"),
  ),
  part: whole("1, and one more at each server where its publisher went on with it"),
  duration_ms: orNull(whole("null for files of which the server knows only the name")),
  bytes: whole("on the disk"),
  url: orNull(anyText("where the file can be fetched, in whole or in ranges; null before it is complete")),
});

/** Files that `dvr` has made; complete ones can be fetched. */
export const recordingRoutes: readonly Route[] = [{
  path: `${PATH}[id]`,
  methods: ["GET"],
  effect: "reads",
  extension: true,
  doc:
    "recordings, the newest first (ten, or ?start=&count=, of one stream with ?stream=), or one; the file itself at " +
    "its `url`",
  parameters: [...pageParameters ?? [], ["stream", "lists only recordings of this stream: app and stream"]],
  answer: enveloped({ total: whole(), recordings: list(recordingSchema) }),
  answerOfOne: enveloped({ recording: recordingSchema }),
  handle({ server }, call, id) {
    const { identity, recorder, world } = server;
    const entries = recorder.book;
    if (id === "") {
      const stream = call.query.get("stream");
      const all = [...entries.all()].reverse().filter(({ key }) => stream === "" || key === stream);
      return envelope(identity, { total: all.length, recordings: page(all, call.query).map(describeRecording) });
    }
    const [, name = "", extension = ""] = /^([\w-]+)(\.\w+)?$/.exec(id) ?? [];
    const entry = entries.find(name);
    if (entry === undefined || (extension !== "" && urlOf(entry) !== `${PATH}${id}`)) {
      return errorBody("StreamNotFound", "there is no recording with this id, or no complete one");
    }
    if (extension === "") return envelope(identity, { recording: describeRecording(entry) });
    const slash = entry.path.lastIndexOf("/");
    const folder = slash < 0 ? "." : entry.path.slice(0, slash) || "/";
    return serveFile(world.files, folder, `/${encodeURIComponent(entry.path.slice(slash + 1))}`, call);
  },
}];

function describeRecording(entry: RecordingEntry): JsonBody {
  const { id, key, stream, path, sinceMs, state, run, extent } = entry;
  const { bytes, durationMs } = extent();
  return {
    id,
    vhost: stream.vhost,
    app: stream.app,
    name: stream.stream,
    stream: key,
    file: path,
    state,
    start_ms: sinceMs,
    epoch: run === null || run.epoch === 0 ? null : run.epoch,
    part: run?.part ?? 1,
    duration_ms: durationMs === null ? null : Math.round(durationMs),
    bytes,
    url: urlOf(entry),
  };
}

/** Where a file can be fetched; null before it is complete. */
function urlOf({ id, state, path }: RecordingEntry): string | null {
  return state === "finished" ? `${PATH}${id}${/\.\w+$/.exec(path)?.[0] ?? ""}` : null;
}
