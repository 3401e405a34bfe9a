import type { AmfObject } from "../../../../src/amf/amf0.ts";
import { edgeIdentity, srsIdentity } from "../../../../src/server/identity.ts";
import { peerOfConnect, peerOfRequest } from "../../../../src/server/play/peer_server.ts";
import { playPathHeader, playPathMember, relayMember } from "../../../../src/server/play/play_path.ts";
import { assertEquals } from "../../../kit/assert.ts";

const identity = srsIdentity({ serverId: "vid-1", serviceId: "abcd1234", pid: 1 }, "c", "");
const long = "x".repeat(65);

const connects: [who: string, args: AmfObject, instance: string | null][] = [
  ["a player without arguments", {}, null],
  ["a player with credentials", { user: "srs_server", password: "x" }, null],
  ["a player with a trace", { traceparent: "00-1-2-01" }, null],
  ["an SRS edge", { srs_sig: "SRS", srs_server: "SRS/6.0.48(Hang)", srs_version: "6.0.48" }, ""],
  ["a client that has only SRS's signature", { srs_sig: "SRS" }, ""],
  ["an edge of this kind", { ...identity, ...playPathMember("abcd1234", ["efgh5678"]) }, "abcd1234"],
  ["a relay of this kind", { ...playPathMember("abcd1234", []), ...relayMember }, "abcd1234"],
  ["a relay that does not tell its path", { ...relayMember }, ""],
  ["srs-ts probe", edgeIdentity(), null],
  ["one whose id is markup", { srs_ts_via: "<b>" }, ""],
  ["one whose id is too long", { srs_ts_via: long }, ""],
  ["one whose path is no text", { srs_ts_via: 7 }, ""],
];

for (const [who, args, instance] of connects) {
  Deno.test(`peerOfConnect() takes ${who} for ${instance === null ? "no server" : `a server "${instance}"`}`, () => {
    assertEquals(peerOfConnect(args), instance === null ? null : { instance });
  });
}

const [header, path] = playPathHeader("abcd1234", []);
const requests: [who: string, headers: HeadersInit, instance: string | null][] = [
  ["no header", {}, null],
  ["an edge of this kind", { "user-agent": "srs-ts/0.1.0", [header]: path }, "abcd1234"],
  ["an edge of this kind that tells no more than its name", { "user-agent": "srs-ts" }, ""],
  ["an SRS edge", { "user-agent": "SRS/7.0.18(Hang)" }, ""],
  ["a browser", { "user-agent": "Mozilla/5.0 SRS/7.0.18" }, null],
  ["ffmpeg", { "user-agent": "Lavf/61.1.100" }, null],
  ["a program with a longer name", { "user-agent": "SRS-player/1" }, null],
];

for (const [who, headers, instance] of requests) {
  Deno.test(`peerOfRequest() takes ${who} for ${instance === null ? "no server" : `a server "${instance}"`}`, () => {
    assertEquals(peerOfRequest(new Headers(headers)), instance === null ? null : { instance });
  });
}
