/** Why a stream or a connection ends. Source: RFC 9113 §7. */
export const H2ErrorCode = {
  NoError: 0x0,
  ProtocolError: 0x1,
  InternalError: 0x2,
  FlowControlError: 0x3,
  StreamClosed: 0x5,
  FrameSizeError: 0x6,
  RefusedStream: 0x7,
  Cancel: 0x8,
  CompressionError: 0x9,
  EnhanceYourCalm: 0xb,
} as const;

/** A fault of the peer that ends the whole connection. */
export class H2Error extends Error {
  override readonly name = "H2Error";

  /** @param code One of {@link H2ErrorCode}. */
  constructor(readonly code: number, message: string) {
    super(message);
  }
}
