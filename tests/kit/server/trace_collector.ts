/** A finished step, as the program told it. */
export interface ToldSpan {
  /** `OTEL_SERVICE_NAME` of the process. */
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first of a trace. */
  readonly parentSpanId: string;
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly attributes: ReadonlyMap<string, unknown>;
  /** Empty unless it failed. */
  readonly error: string;
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** A request of OTLP/HTTP in its JSON form. Source: opentelemetry-proto, `ExportTraceServiceRequest`. */
interface TraceRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<ToldSpan, "service" | "attributes" | "error" | "links"> & {
        readonly links?: ToldSpan["links"];
        readonly attributes: readonly Attribute[];
        readonly status?: { readonly message?: string };
      })[];
    }[];
  }[];
}

/** Takes the traces of programs that run with its {@link env}. */
export class TraceCollector implements AsyncDisposable {
  readonly spans: ToldSpan[] = [];
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => this.#take(request),
  );

  /** Variables for a program that is to send its traces here, soon. */
  env(service: string): Record<string, string> {
    return {
      OTEL_DENO: "true",
      OTEL_DENO_CONSOLE: "ignore",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${this.#server.addr.port}`,
      OTEL_BSP_SCHEDULE_DELAY: "100",
      OTEL_SERVICE_NAME: service,
    };
  }

  /** All spans, one a line, each below its parent. */
  get tree(): string {
    const known = new Set(this.spans.map(({ spanId }) => spanId));
    const below = (parent: string, indent: string): string[] =>
      this.spans.filter(({ parentSpanId }) => parentSpanId === parent)
        .flatMap(({ service, name, spanId, error }) => [
          `${indent}${service}: ${name}${error === "" ? "" : `, ${error}`}`,
          ...below(spanId, `${indent}  `),
        ]);
    const tops = new Set(this.spans.map(({ parentSpanId }) => parentSpanId).filter((id) => !known.has(id)));
    return [...tops].flatMap((top) => below(top, "")).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #take(request: Request): Promise<Response> {
    const body = await request.json();
    if (new URL(request.url).pathname === "/v1/traces") this.#takeTraces(body);
    return Response.json({});
  }

  #takeTraces({ resourceSpans }: TraceRequest): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = String(readAttributes(resource.attributes).get("service.name"));
      for (const { links = [], attributes, status, ...span } of scopeSpans.flatMap(({ spans }) => spans)) {
        this.spans.push({
          ...span,
          service,
          links,
          attributes: readAttributes(attributes),
          error: status?.message ?? "",
        });
      }
    }
  }
}

function readAttributes(attributes: readonly Attribute[]): Map<string, unknown> {
  return new Map(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
