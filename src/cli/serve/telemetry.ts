import type { Context } from "@opentelemetry/api";
import type { Logger } from "../../base/log.ts";
import type { Span, SpanAttributes, SpanOptions, Tracer } from "../../base/trace.ts";
import { VERSION } from "../../base/version.ts";

type Api = typeof import("@opentelemetry/api");

/**
 * Where traces begin, if Deno's OpenTelemetry is switched on (`OTEL_DENO=true`); Deno exports them, as the other `OTEL_`
 * variables say. Else null: the library is not even loaded.
 */
export async function loadTracer(log: Pick<Logger, "warn">): Promise<Tracer | null> {
  const isGranted = Deno.permissions.querySync({ name: "env", variable: "OTEL_DENO" }).state === "granted";
  if (!isGranted || Deno.env.get("OTEL_DENO") !== "true") return null;
  const api = await import("@opentelemetry/api");
  const tracer = api.trace.getTracer("srs-ts", VERSION);
  // Without Deno's part the library makes spans that are nothing.
  if (!api.isSpanContextValid(tracer.startSpan("probe").spanContext())) {
    log.warn("OTEL_DENO=true has no effect: to trace this executable, compile it with OTEL_DENO=true, too");
    return null;
  }
  const start = (name: string, context: Context, options: SpanOptions = {}): Span => {
    const { kind = "internal", attributes = {}, link } = options;
    const span = tracer.startSpan(name, {
      kind: kindOf(api, kind),
      attributes,
      links: link === undefined ? [] : [{ context: readContext(link) }],
    }, context);
    const inside = api.trace.setSpan(context, span);
    let isOver = false;
    return {
      traceparent: formatContext(span.spanContext()),
      child: (childName, childOptions) => start(childName, inside, childOptions),
      set: (more: SpanAttributes) => void span.setAttributes(more),
      run: (fn) => api.context.with(inside, fn),
      end(error = "") {
        if (isOver) return;
        isOver = true;
        if (error !== "") span.setStatus({ code: api.SpanStatusCode.ERROR, message: error });
        span.end();
      },
    };
  };
  return {
    start(name, parent, options) {
      const { ROOT_CONTEXT, trace } = api;
      const isRemote = true;
      const outside = parent === null
        ? ROOT_CONTEXT
        : trace.setSpanContext(ROOT_CONTEXT, { ...readContext(parent), isRemote });
      return start(name, outside, options);
    },
  };
}

function kindOf({ SpanKind }: Api, kind: "internal" | "server" | "client") {
  return kind === "server" ? SpanKind.SERVER : kind === "client" ? SpanKind.CLIENT : SpanKind.INTERNAL;
}

/** Source: W3C Trace Context §3.2.2, version 00. */
function formatContext(context: { traceId: string; spanId: string; traceFlags: number }): string {
  return `00-${context.traceId}-${context.spanId}-${context.traceFlags.toString(16).padStart(2, "0")}`;
}

/** @param traceparent Checked before. */
function readContext(traceparent: string): { traceId: string; spanId: string; traceFlags: number } {
  const [, traceId = "", spanId = "", flags = ""] = traceparent.split("-");
  return { traceId, spanId, traceFlags: parseInt(flags, 16) };
}
