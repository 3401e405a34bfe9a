import type { ProbeFailure, ServerReport } from "./report.ts";

/** What to try when a server did not give the stream. */
export function hintFor({ result, failedStep, error }: ServerReport): string {
  const text = error ?? "";
  if (text === "stopped") return "it was stopped before there was an answer";
  if (result === "refused" && failedStep === "play") {
    return "is somebody publishing, and are app and stream spelled so?";
  }
  if (result === "refused") return "the server does not let us in: check the app, the vhost and its access rules";
  if (result === "ended") return "the publisher left just now: try again";
  if (result === "silent") {
    return "the server accepts players of streams that nobody publishes: is somebody publishing, are app and stream " +
      "spelled so? A larger --timeout waits longer";
  }
  switch (failedStep) {
    case "tcp":
      // Without a look at the certificate both are one step.
      return text.includes("TLS") ? tlsHint(text) : tcpHint(text);
    case "tls":
      return tlsHint(text);
    case "handshake":
      return handshakeHint(text);
    case "connect":
    case "createStream":
      return "it speaks RTMP but does not let us in: check the app, the vhost and its access rules; its log says more";
    default:
      return "the server ended the play: its log says more";
  }
}

function tcpHint(text: string): string {
  if (text.includes("refused")) return "is the server running, and is this its RTMP port (1935 by default)?";
  if (text.includes("unknown")) return "check the spelling of the host name, and the name server";
  if (text.includes("no answer")) return "a firewall may stand between, or the machine is down";
  return "check host, port and network";
}

function tlsHint(text: string): string {
  if (text.includes("certificate")) return "--insecure connects all the same, to see what is behind it";
  if (text.includes("does not speak TLS")) return "is this the port of rtmps? For plain RTMP write rtmp://";
  return "something else than TLS listens there: check the port (443 by default)";
}

function handshakeHint(text: string): string {
  if (text.includes("HTTP")) return "this is an HTTP port: give the RTMP port (1935 by default), not that of the API";
  // 0x15 is a TLS alert: what a TLS server answers to an RTMP handshake.
  if (/TLS|0x15/.test(text)) return "this is a TLS port: write rtmps://, or give the plain RTMP port";
  return "something else than RTMP listens there: check the port (1935 by default)";
}

/** The failure of the last server asked, or of the redirect that it gave; null when it gave the stream. */
export function failureOf(report: ServerReport, redirectRefusal: string | null): ProbeFailure | null {
  if (report.result === "media") return null;
  if (redirectRefusal !== null) {
    return {
      server: report.server,
      step: "redirect",
      message: redirectRefusal,
      hint: "check the coworkers of the origins, and the addresses that they announce",
    };
  }
  return {
    server: report.server,
    step: report.failedStep ?? "play",
    message: report.error ?? "",
    hint: hintFor(report),
  };
}
