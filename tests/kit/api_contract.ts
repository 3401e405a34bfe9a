import { apiRoutes } from "../../src/http/api/routes.ts";
import { answerSchema } from "../../src/http/openapi/document.ts";
import type { JsonSchema, SchemaType } from "../../src/http/openapi/schema.ts";

const ID = "[id]";

/**
 * What is wrong with an answer of the API by its own document, which is read strictly: members that it does not name are
 * wrong, too. Errors, and paths that are not of the API, are of no interest.
 */
export function breachesOf(path: string, status: number, body: unknown): string[] {
  const plain = path.replace(/\?.*/s, "");
  const route = apiRoutes.find((each) =>
    each.path.endsWith(ID) ? plain.startsWith(each.path.replace(ID, "")) : each.path === plain
  );
  if (route === undefined || typeof body !== "object" || body === null) return [];
  const code = Reflect.get(body, "code");
  const message = Reflect.get(body, "message");
  if (status !== 200 || (code !== undefined && code !== 0)) {
    return typeof code === "number" && typeof message === "string" ? [] : [`${path}: an error without code or message`];
  }
  const isOne = route.path.endsWith(ID) && plain.length > route.path.length - ID.length;
  const schema = answerSchema(route, isOne);
  if (schema === null) return route.answer === undefined ? [`${path}: no answer in its row`] : [];
  return check(schema, body, path);
}

/** What is wrong with a value, each with the place of it. */
export function check(schema: JsonSchema, value: unknown, at: string): string[] {
  const types = [schema.type ?? []].flat() as SchemaType[];
  if (types.length > 0 && !types.some((type) => isOf(type, value))) {
    return [`${at}: ${JSON.stringify(value)?.slice(0, 80)} is no ${types.join(" or ")}`];
  }
  if (schema.enum !== undefined && !schema.enum.some((each) => each === value)) {
    return [`${at}: ${value} is not listed`];
  }
  if (Array.isArray(value)) return value.flatMap((each, i) => check(schema.items ?? {}, each, `${at}[${i}]`));
  if (typeof value !== "object" || value === null) return [];
  const { properties = {}, required = [], additionalProperties = properties } = schema;
  const lacking = required.filter((name) => !Object.hasOwn(value, name)).map((name) => `${at}: lacks ${name}`);
  return [
    ...lacking,
    ...Object.entries(value).flatMap(([name, each]) => {
      const known = properties[name];
      if (known !== undefined) return check(known, each, `${at}.${name}`);
      if (Object.keys(properties).length === 0 && additionalProperties === properties) return [];
      if (additionalProperties === properties || additionalProperties === false) {
        return [`${at}: ${name} is not documented`];
      }
      return additionalProperties === true ? [] : check(additionalProperties as JsonSchema, each, `${at}.${name}`);
    }),
  ];
}

function isOf(type: SchemaType, value: unknown): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  const found: string = typeof value;
  return found === type;
}
