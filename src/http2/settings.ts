import { encodeFrame, FrameType } from "./frame.ts";
import { H2Error, H2ErrorCode } from "./h2_error.ts";

/** Source: RFC 9113 §6.5.2. */
const SettingId = {
  HeaderTableSize: 1,
  EnablePush: 2,
  MaxStreams: 3,
  InitialWindow: 4,
  MaxFrame: 5,
  MaxList: 6,
} as const;
/** Requests of one connection at a time. */
export const MAX_STREAMS = 100;
/** Fields of one request, as HTTP/2 counts them. */
export const MAX_LIST_BYTES = 32 * 1024;
const TABLE_BYTES = 4096;

/** What the peer has settled and this side heeds. */
export interface PeerSettings {
  /** Bytes that a new stream may send. */
  initialWindow: number;
  /** It has named a smaller table for headers: the next block has to say which size is used. */
  dropsTable: boolean;
}

/** The frame that tells the peer what holds here. */
export function encodeOwnSettings(): Uint8Array {
  const payload = new Uint8Array(12);
  const view = new DataView(payload.buffer);
  view.setUint16(0, SettingId.MaxStreams);
  view.setUint32(2, MAX_STREAMS);
  view.setUint16(6, SettingId.MaxList);
  view.setUint32(8, MAX_LIST_BYTES);
  return encodeFrame(FrameType.Settings, 0, 0, payload);
}

/** Reads the peer's. @throws {H2Error} For values that cannot be. */
export function applySettings(peer: PeerSettings, payload: Uint8Array): void {
  if (payload.length % 6 !== 0) throw new H2Error(H2ErrorCode.FrameSizeError, "settings of a wrong length");
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  for (let at = 0; at < payload.length; at += 6) {
    const value = view.getUint32(at + 2);
    switch (view.getUint16(at)) {
      case SettingId.HeaderTableSize:
        if (value < TABLE_BYTES) peer.dropsTable = true;
        break;
      case SettingId.EnablePush:
        if (value > 1) throw new H2Error(H2ErrorCode.ProtocolError, "a switch that is neither on nor off");
        break;
      case SettingId.InitialWindow:
        if (value > 0x7fff_ffff) throw new H2Error(H2ErrorCode.FlowControlError, "a window that is too large");
        peer.initialWindow = value;
        break;
      case SettingId.MaxFrame:
        if (value < 16_384 || value > 0xff_ffff) throw new H2Error(H2ErrorCode.ProtocolError, "a wrong frame size");
    }
  }
}
