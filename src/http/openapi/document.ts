import { VERSION } from "../../base/version.ts";
import type { Route } from "../api/route.ts";
import type { JsonBody } from "../envelope.ts";
import { anyText, type JsonSchema, record, whole } from "./schema.ts";

const ID = "[id]";
/** Of the methods that an endpoint takes, those that make sense where it takes all. */
const USUAL_METHODS = ["GET"];

/**
 * The API as an OpenAPI 3.1 document, made of the table of routes.
 *
 * Source: OpenAPI Specification 3.1.1.
 */
export function openApiDocument(routes: readonly Route[]): JsonBody {
  const paths = Object.fromEntries(routes.flatMap((route) => pathItems(route)));
  return {
    openapi: "3.1.0",
    info: {
      title: "srs-ts HTTP API",
      version: VERSION,
      description:
        "The HTTP API of SRS, with extensions. Errors of SRS have HTTP status 200 and a `code` that is not 0; " +
        "`message` is for people.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    security: [{}, { password: [] }],
    paths,
    components: {
      schemas: {
        Error: record({ code: whole("number of SRS, not 0"), message: anyText("what is wrong") }),
        Refusal: record({ code: whole("the HTTP status"), message: anyText("what is wrong, and what to do about it") }),
      },
      securitySchemes: {
        password: { type: "http", scheme: "basic", description: "Where the server has http_api.auth" },
      },
    },
  };
}

/** The answer of a route as the document has it; null for one that has no JSON. */
export function answerSchema(
  { answer, answerOfOne }: Pick<Route, "answer" | "answerOfOne">,
  isOne: boolean,
): JsonSchema | null {
  const found = isOne ? answerOfOne : answer;
  return found === undefined || typeof found === "string" ? null : found;
}

function pathItems(route: Route): [string, JsonBody][] {
  const { path } = route;
  if (!path.endsWith(ID)) return [[path, pathItem(route, false)]];
  return [[path.replace(ID, ""), pathItem(route, false)], [path.replace(ID, "{id}"), pathItem(route, true)]];
}

function pathItem(route: Route, isOne: boolean): JsonBody {
  const methods = route.methods === "any" ? USUAL_METHODS : route.methods;
  // Only one thing can be deleted.
  const own = methods.filter((method) => isOne || method !== "DELETE" || !route.path.endsWith(ID));
  return Object.fromEntries(own.map((method) => [method.toLowerCase(), operation(route, method, isOne)]));
}

function operation(route: Route, method: string, isOne: boolean): JsonBody {
  const { path, doc, extension = false, parameters = [] } = route;
  const name = path.replace(ID, isOne ? "one" : "").split(/[^a-z\d]+/i).filter((part) => part !== "").join("_");
  const asked = isOne ? [] : parameters.map(([name, description, schema = { type: "string" }]) => ({
    name,
    in: "query",
    required: false,
    description,
    schema,
  }));
  const id = isOne ? [{ name: "id", in: "path", required: true, schema: { type: "string" } }] : [];
  return {
    operationId: `${method.toLowerCase()}_${name || "root"}`,
    summary: doc,
    tags: [extension ? "srs-ts" : "SRS"],
    ...(asked.length + id.length === 0 ? {} : { parameters: [...id, ...asked] }),
    responses: responses(route, isOne),
  };
}

function responses(route: Route, isOne: boolean): JsonBody {
  const refused = { description: "Refused by HTTP", content: json({ $ref: "#/components/schemas/Refusal" }) };
  if (route.answer === "redirect") return { 301: { description: "Leads elsewhere" }, default: refused };
  if (route.answer === "text") {
    return {
      200: { description: "A text", content: { "text/plain": { schema: { type: "string" } } } },
      default: refused,
    };
  }
  const schema = answerSchema(route, isOne) ?? { type: "object" };
  const answers = { anyOf: [schema, { $ref: "#/components/schemas/Error" }] };
  return { 200: { description: "An answer, or an error of SRS", content: json(answers) }, default: refused };
}

function json(schema: unknown): JsonBody {
  return { "application/json": { schema } };
}
