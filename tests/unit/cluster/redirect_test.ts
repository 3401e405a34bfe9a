import { redirectAddress } from "../../../src/cluster/redirect.ts";
import { DEFAULT_VHOST, parseStreamUrl, withVhost } from "../../../src/rtmp/url.ts";
import { assertEquals } from "../../kit/assert.ts";

interface RedirectCase {
  name: string;
  tcUrl: string;
  stream?: string;
  /** Vhost that the configuration resolved to; the default one unless given. */
  vhost?: string;
  owner?: { ip: string; port: number };
  expected: string;
}

const cases: RedirectCase[] = [
  { name: "the port is always written", tcUrl: "rtmp://10.0.0.1/live", expected: "rtmp://10.0.0.2:1935/live/s" },
  {
    name: "another port",
    tcUrl: "rtmp://10.0.0.1:19351/live",
    owner: { ip: "10.0.0.2", port: 19350 },
    expected: "rtmp://10.0.0.2:19350/live/s",
  },
  { name: "an app of several levels", tcUrl: "rtmp://10.0.0.1/a/b", expected: "rtmp://10.0.0.2:1935/a/b/s" },
  {
    name: "the client's parameters stay",
    tcUrl: "rtmp://10.0.0.1/live",
    stream: "s?token=a/b&x=1",
    expected: "rtmp://10.0.0.2:1935/live/s?token=a/b&x=1",
  },
  {
    name: "a host name goes along as vhost",
    tcUrl: "rtmp://cdn.example.com/live",
    expected: "rtmp://10.0.0.2:1935/live/s?vhost=cdn.example.com",
  },
  {
    name: "a host name goes along behind parameters",
    tcUrl: "rtmp://localhost/live",
    stream: "s?k=v",
    expected: "rtmp://10.0.0.2:1935/live/s?k=v&vhost=localhost",
  },
  {
    name: "a configured vhost goes along, even with an address for host",
    tcUrl: "rtmp://10.0.0.1/live",
    vhost: "a.com",
    expected: "rtmp://10.0.0.2:1935/live/s?vhost=a.com",
  },
  {
    name: "a vhost= that the client gave is not doubled",
    tcUrl: "rtmp://cdn.example.com/live?vhost=a.com",
    vhost: "a.com",
    expected: "rtmp://10.0.0.2:1935/live/s?vhost=a.com",
  },
  {
    name: "domain= is not enough for SRS",
    tcUrl: "rtmp://10.0.0.1/live",
    stream: "s?domain=a.com",
    vhost: "a.com",
    expected: "rtmp://10.0.0.2:1935/live/s?domain=a.com&vhost=a.com",
  },
  { name: "an IPv6 host says nothing", tcUrl: "rtmp://[::1]:1935/live", expected: "rtmp://10.0.0.2:1935/live/s" },
  {
    name: "an IPv6 owner stands in brackets",
    tcUrl: "rtmp://10.0.0.1/live",
    owner: { ip: "fd00::2", port: 1935 },
    expected: "rtmp://[fd00::2]:1935/live/s",
  },
  {
    name: "the name stays as the client wrote it",
    tcUrl: "rtmp://10.0.0.1/live",
    stream: "s.flv",
    expected: "rtmp://10.0.0.2:1935/live/s.flv",
  },
];

for (const { name, tcUrl, stream = "s", vhost = DEFAULT_VHOST, owner, expected } of cases) {
  Deno.test(`redirectAddress(): ${name}`, () => {
    const url = withVhost(parseStreamUrl(tcUrl, stream), vhost);
    const { ip, port } = owner ?? { ip: "10.0.0.2", port: 1935 };
    assertEquals(redirectAddress(url, { ip, port }), expected);
  });
}
