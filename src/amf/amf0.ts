/** AMF0, the encoding of RTMP commands and metadata. Source: AMF 0 specification (Adobe, 2007). */
export { amfClassName, type AmfObject, type AmfValue, EcmaArray, isAmfObject } from "./amf0_value.ts";
export { decodeAmf0, readAmf0 } from "./amf0_reader.ts";
export { encodeAmf0 } from "./amf0_writer.ts";
