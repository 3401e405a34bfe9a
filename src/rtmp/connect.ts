import { type AmfObject, type AmfValue, EcmaArray } from "../amf/amf0.ts";
import { asNumber, asObject, asString, type RtmpCommand } from "./command.ts";
import { statusInfo } from "./status.ts";

/** What a client says of itself in `connect`. */
export interface ConnectInfo {
  tcUrl: string;
  pageUrl: string;
  swfUrl: string;
  flashVer: string;
  objectEncoding: number;
  /** Object after the command object: an SRS edge puts `srs_*` identity there, others their credentials. */
  args: AmfObject;
  /** Capability flags of enhanced RTMP: 1 reconnect, 2 multitrack, 4 ModEx, 8 nanoseconds; 0 for other clients. */
  capsEx: number;
  /** The client signalled enhanced RTMP and expects the server's capabilities in the answer. */
  isEnhanced: boolean;
}

/** What the server answers to `connect`, in SRS's order: window, bandwidth, chunk size, `_result`, `onBWDone`. */
export interface ConnectReply {
  /** `out_ack_size`; 0 sends no window. */
  windowAckBytes: number;
  /** `in_ack_size`: acknowledge as if the client had announced this window; 0 leaves it to the client. */
  assumedWindowBytes: number;
  chunkSizeBytes: number;
  /** `srs_*` members that tell the client which server this is. */
  identity: AmfObject;
}

/** Reads `connect`; old encoders spell the key `tcurl`. */
export function readConnect(command: RtmpCommand): ConnectInfo {
  const object = asObject(command.object);
  return {
    tcUrl: asString(object.tcUrl) || asString(object.tcurl),
    pageUrl: asString(object.pageUrl),
    swfUrl: asString(object.swfUrl),
    flashVer: asString(object.flashVer),
    objectEncoding: asNumber(object.objectEncoding, 0),
    args: asObject(command.args[0]),
    capsEx: asNumber(object.capsEx, 0),
    isEnhanced: object.capsEx !== undefined || object.fourCcList !== undefined ||
      object.videoFourCcInfoMap !== undefined,
  };
}

/** Properties and info object of the `_result` of `connect`. Source: SRS 7 `SrsRtmpServer::response_connect_app`. */
export function connectResult(info: ConnectInfo, identity: AmfObject): [AmfObject, AmfObject] {
  const properties = { fmsVer: "FMS/3,5,3,888", capabilities: 127, mode: 1 };
  const { level, code, description } = statusInfo("connectSuccess");
  const data = new EcmaArray({ version: "3,5,3,888", ...identity });
  const result: AmfObject = { level, code, description, objectEncoding: info.objectEncoding, data };
  return [properties, info.isEnhanced ? { ...result, ...relayCapabilities() } : result];
}

/** Enhanced RTMP: forwards every codec (4), decodes none; reconnect, multitrack, ModEx and nanoseconds pass through. */
function relayCapabilities(): Record<string, AmfValue> {
  return { fourCcList: ["*"], videoFourCcInfoMap: { "*": 4 }, audioFourCcInfoMap: { "*": 4 }, capsEx: 0x0e };
}
