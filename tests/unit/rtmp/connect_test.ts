import { assert, assertEquals } from "../../kit/assert.ts";
import { type AmfObject, type AmfValue, EcmaArray } from "../../../src/amf/amf0.ts";
import { connectResult, readConnect } from "../../../src/rtmp/connect.ts";

function connect(object: AmfValue, ...args: AmfValue[]) {
  return readConnect({ name: "connect", transactionId: 1, object, args });
}

const nothing = {
  tcUrl: "",
  pageUrl: "",
  swfUrl: "",
  flashVer: "",
  objectEncoding: 0,
  args: Object.create(null),
  capsEx: 0,
  isEnhanced: false,
};

const connects: [name: string, object: AmfValue, args: AmfValue[], info: object][] = [
  ["an empty object", {}, [], nothing],
  ["no object", null, [], nothing],
  ["an array", ["rtmp://h/live"], [], nothing],
  [
    "all it knows",
    {
      tcUrl: "rtmp://h/live",
      pageUrl: "http://p/",
      swfUrl: "http://s/",
      flashVer: "WIN 15,0,0,239",
      objectEncoding: 3,
    },
    [{ srs_id: "x" }],
    {
      ...nothing,
      tcUrl: "rtmp://h/live",
      pageUrl: "http://p/",
      swfUrl: "http://s/",
      flashVer: "WIN 15,0,0,239",
      objectEncoding: 3,
      args: { srs_id: "x" },
    },
  ],
  ["tcurl of old encoders", { tcurl: "rtmp://h/live" }, [], { ...nothing, tcUrl: "rtmp://h/live" }],
  ["tcUrl before tcurl", { tcurl: "b", tcUrl: "a" }, [], { ...nothing, tcUrl: "a" }],
  [
    "values of the wrong types",
    {
      tcUrl: 1,
      pageUrl: null,
      swfUrl: {},
      flashVer: true,
      objectEncoding: "3",
      capsEx: "1",
    },
    ["x"],
    { ...nothing, isEnhanced: true },
  ],
  ["capsEx", { capsEx: 5 }, [], { ...nothing, capsEx: 5, isEnhanced: true }],
  ["fourCcList", { fourCcList: ["hvc1"] }, [], { ...nothing, isEnhanced: true }],
  ["videoFourCcInfoMap", { videoFourCcInfoMap: {} }, [], { ...nothing, isEnhanced: true }],
];

for (const [name, object, args, info] of connects) {
  Deno.test(`readConnect reads ${name}`, () => {
    assertEquals({ ...connect(object, ...args) }, { ...info });
  });
}

Deno.test("connectResult echoes the object encoding and names the server in an ECMA array", () => {
  const [properties, info] = connectResult(connect({ objectEncoding: 3 }), { srs_id: "x" });
  assertEquals(properties, { fmsVer: "FMS/3,5,3,888", capabilities: 127, mode: 1 });
  const { data, ...rest } = info;
  assertEquals(rest, {
    level: "status",
    code: "NetConnection.Connect.Success",
    description: "Connection succeeded",
    objectEncoding: 3,
  });
  assert(data instanceof EcmaArray);
  assertEquals(data.entries, { version: "3,5,3,888", srs_id: "x" });
});

Deno.test("connectResult gives its capabilities to clients that gave theirs", () => {
  const [, info] = connectResult(connect({ capsEx: 1 }), {});
  assertEquals(info.fourCcList, ["*"]);
  assertEquals((info.videoFourCcInfoMap as AmfObject)["*"], 4);
  assertEquals((info.audioFourCcInfoMap as AmfObject)["*"], 4);
  assertEquals(info.capsEx, 0x0e);
  const [, plain] = connectResult(connect({}), {});
  assertEquals(plain.capsEx, undefined);
});
