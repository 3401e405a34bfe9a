/**
 * Error numbers of SRS that this server reports, by SRS's names.
 *
 * They stand in log lines (`code=1028(StreamBusy)`), in API answers and in exit statuses.
 * Source: SRS 7 `srs_kernel_error.hpp`.
 */
export const SrsCode = {
  SocketListen: 1003,
  SocketTimeout: 1011,
  StConnect: 1018,
  ConfigInvalid: 1023,
  StreamBusy: 1028,
  PidFileProcessExists: 1035,
  ConfigNotFound: 1042,
  SecurityCheck: 1052,
  SecurityDeny: 1053,
  SecurityAllow: 1054,
  ConfigRaw: 1060,
  ConfigRawDisable: 1061,
  ExporterDisable: 1090,
  RtmpChunkStart: 2001,
  RtmpMsgInvalidSize: 2002,
  RtmpHandshake: 2004,
  RtmpConnect: 2005,
  RtmpTcUrl: 2006,
  RtmpAmf0Decode: 2008,
  RtmpChunkSize: 2010,
  RtmpPacketSize: 2013,
  NoVhost: 2014,
  SecurityDenied: 2015,
  RtmpNoRequest: 2017,
  StreamNotFound: 2048,
  ClientNotFound: 2049,
  StreamNameEmpty: 2051,
  RtmpIdentify: 2055,
  KickoffForIdle: 2056,
  HttpResponseCode: 3064,
  HttpResponseData: 3065,
  FlvDecode: 3070,
  OriginClusterDiscover: 3091,
  OriginClusterRedirect: 3092,
  HttpStatus: 4005,
} as const;

/** Name of an error number, as printed in logs. */
export type SrsCodeName = keyof typeof SrsCode;

/**
 * Base of all errors that come from outside this program's own logic: peers, configuration, upstreams.
 * Misuse by our own code is a `TypeError` or `RangeError` instead.
 */
export class SrsError extends Error {
  override readonly name: string = "SrsError";
  readonly codeName: SrsCodeName;

  constructor(codeName: SrsCodeName, message: string, options?: ErrorOptions) {
    super(message, options);
    this.codeName = codeName;
  }

  /** SRS's number for this error. */
  get code(): number {
    return SrsCode[this.codeName];
  }
}

/** The peer broke the protocol; the connection cannot go on. */
export class ProtocolError extends SrsError {
  override readonly name = "ProtocolError";
}

/** A well-formed request that this server refuses (busy, unknown vhost, security, hook). */
export class RequestDenied extends SrsError {
  override readonly name = "RequestDenied";
}

/** A server that this process connects to (pull, push, coworker) failed or refused. */
export class UpstreamError extends SrsError {
  override readonly name = "UpstreamError";
}

/** One line for logs: `code=1028(StreamBusy) : text`, or the plain message of other errors. */
export function describeError(error: unknown): string {
  if (error instanceof SrsError) return `code=${error.code}(${error.codeName}) : ${error.message}`;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
