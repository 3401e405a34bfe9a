import { Validator } from "@seriousme/openapi-schema-validator";
import { apiRoutes } from "../../../../src/http/api/routes.ts";
import { breachesOf, check } from "../../../kit/api_contract.ts";
import { assertEquals } from "../../../kit/assert.ts";
import { apiOf, bodyOf, fakeServer } from "../../../kit/peers/fake_server.ts";

const document = await bodyOf(apiOf(fakeServer())("/api/v1/openapi.json"));

Deno.test("openapi.json is an OpenAPI document", async () => {
  const validator = new Validator();
  assertEquals(await validator.validate(structuredClone(document)), { valid: true });
  assertEquals(validator.version, "3.1");
  assertEquals((await validator.validate({ ...document, paths: { x: 1 } })).valid, false);
});

Deno.test("openapi.json has every route, each with what it answers, and every operation by a name of its own", () => {
  assertEquals(apiRoutes.filter(({ answer }) => answer === undefined).map(({ path }) => path), []);
  const paths = document.paths as Record<string, Record<string, { operationId: string }>>;
  for (const { path, methods } of apiRoutes) {
    const named = paths[path.replace("[id]", "")] ?? {};
    assertEquals(Object.keys(named).length > 0, true, `${path} ${methods}`);
  }
  const ids = Object.values(paths).flatMap((item) => Object.values(item).map(({ operationId }) => operationId));
  assertEquals(new Set(ids).size, ids.length);
  assertEquals(Object.keys(paths["/api/v1/clients/{id}"] ?? {}), ["get", "delete"]);
  assertEquals(Object.keys(paths["/api/v1/clients/"] ?? {}), ["get"]);
  assertEquals(Object.keys(paths["/api/v1/drain"] ?? {}), ["post"]);
});

Deno.test("breachesOf() sees what the document does not say", () => {
  const good = {
    code: 0,
    server: "a",
    service: "b",
    pid: "1",
    data: { major: 1, minor: 2, revision: 3, version: "1" },
  };
  const breaches = (body: unknown, status = 200) => breachesOf("/api/v1/versions", status, body).length;
  assertEquals(breaches(good), 0);
  assertEquals(breaches({ ...good, data: { ...good.data, major: "1" } }), 1);
  assertEquals(breaches({ ...good, more: 1 }), 1);
  assertEquals(breaches({ ...good, data: {} }), 4);
  assertEquals(breaches({ code: 5 }), 1);
  assertEquals(breaches({ code: 404, message: "no" }, 404), 0);
  assertEquals(check({ type: "array", items: { enum: ["a"] } }, ["a", "b"], "x"), ["x[1]: b is not listed"]);
});
