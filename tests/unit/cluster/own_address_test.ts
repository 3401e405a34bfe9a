import { flvAddresses, reachableHost } from "../../../src/cluster/own_address.ts";
import { assertEquals } from "../../kit/assert.ts";
import { configOf } from "../../kit/peers/fake_server.ts";

const fallback = (bound: string) => `not ${bound}`;

const hosts: [bound: string, advertise: string, host: string][] = [
  ["10.0.0.1", "", "10.0.0.1"],
  ["", "", "not "],
  ["0.0.0.0", "", "not 0.0.0.0"],
  ["127.0.0.1", "", "not 127.0.0.1"],
  ["10.0.0.1", "advertise live.example;", "live.example"],
];

for (const [host, advertise, reached] of hosts) {
  Deno.test(`reachableHost() of a server that listens on "${host}" ${advertise}`, () => {
    assertEquals(reachableHost(configOf(advertise), { host, port: 1935, text: "" }, fallback), reached);
  });
}

const TLS = "https { enabled on; listen 8443; key k.pem; cert c.pem; }";
const answers: [what: string, text: string, addresses: ReturnType<typeof flvAddresses>][] = [
  ["no HTTP", "http_server { enabled off; }", {}],
  ["HTTP", "http_server { enabled on; listen 10.0.0.1:8080; }", { http: "10.0.0.1:8080" }],
  ["another address", "advertise [::1]; http_server { enabled on; listen 8080; }", { http: "[::1]:8080" }],
  ["TLS without a name", `advertise 10.0.0.1; http_server { enabled on; listen 8080; ${TLS} }`, {
    http: "10.0.0.1:8080",
  }],
  ["TLS", `advertise a.example; http_server { enabled on; listen 8080; ${TLS} }`, {
    http: "a.example:8080",
    https: "a.example:8443",
  }],
];

for (const [what, text, addresses] of answers) {
  Deno.test(`flvAddresses() of a server with ${what}`, () => {
    const { vhosts, ...config } = configOf(`${text} vhost __defaultVhost__ { http_remux { enabled on; } } vhost b { }`);
    assertEquals(flvAddresses(config, vhosts, fallback), addresses);
    assertEquals(flvAddresses(config, vhosts.filter(({ name }) => name === "b"), fallback), {});
  });
}
