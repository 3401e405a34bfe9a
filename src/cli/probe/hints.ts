import type { ProbeFailure, ServerReport } from "./report.ts";

/** What to try when a server did not give the stream. */
export function hintFor({ result, failedStep, error }: ServerReport): string {
  const text = error ?? "";
  if (text === "stopped") return "the probe was stopped before the server answered";
  if (result === "refused" && failedStep === "play") {
    return "check that somebody publishes the stream, and the spelling of app and stream";
  }
  if (result === "refused") return "the server refuses us: check app, vhost and access rules; its log says more";
  if (result === "ended") return "the publisher has just left: try again";
  if (result === "silent") {
    return "the server lets players wait for a publisher: check that somebody publishes the stream, and the spelling of " +
      "app and stream; a larger --timeout waits longer";
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
      return "the server speaks RTMP but refuses us: check app, vhost and access rules; its log says more";
    default:
      return "the server ended the connection: its log says more";
  }
}

function tcpHint(text: string): string {
  if (text.includes("refused")) return "is the server running, and is this its RTMP port (1935 by default)?";
  if (text.includes("unknown")) return "check the spelling of the host name, and DNS";
  if (text.includes("no answer")) return "a firewall may block the port, or the machine may be down";
  return "check host, port and network";
}

function tlsHint(text: string): string {
  if (text.includes("certificate")) {
    return "trust an authority of your own with --ca FILE, or any certificate with --insecure";
  }
  if (text.includes("does not speak TLS")) return "is this the RTMPS port? For plain RTMP, write rtmp://";
  return "no TLS server listens there: check the port (443 by default)";
}

function handshakeHint(text: string): string {
  if (text.includes("HTTP")) return "this is an HTTP port: use the RTMP port (1935 by default), not that of the API";
  // 0x15 is a TLS alert: what a TLS server answers to an RTMP handshake.
  if (/TLS|0x15/.test(text)) return "this is a TLS port: write rtmps://, or use the plain RTMP port";
  return "no RTMP server listens there: check the port (1935 by default)";
}

/** The failure of the last server asked, or of the redirect that it gave; null when it gave the stream. */
export function failureOf(report: ServerReport, redirectRefusal: string | null): ProbeFailure | null {
  if (report.result === "media") return null;
  if (redirectRefusal !== null) {
    return {
      server: report.server,
      step: "redirect",
      message: redirectRefusal,
      hint: "check the coworkers of the origins, and the addresses that they announce (advertise)",
    };
  }
  return {
    server: report.server,
    step: report.failedStep ?? "play",
    message: report.error ?? "",
    hint: hintFor(report),
  };
}
