import assert from "node:assert/strict";
import { parseConditions } from "../../../responder/rules/conditions.ts";
import { mismatch, parseMatch } from "../../../responder/rules/match.ts";
import { alert } from "../fixtures.ts";

/** As "FIELD OPERATOR VALUE", with "·" between them. */
function told(text: string): string[] | undefined {
  return parseConditions(text)?.map(({ field, operator, value }) => [field, operator, value].join("·"));
}

describe("conditions on output fields", () => {
  const taken: [string, string[]][] = [
    ["a.b=c", ["a.b·=·c"]],
    [" a = b c , d!=e ", ["a·=·b c", "d·!=·e"]],
    ["proc.aname[2]=x", ["proc.aname[2]·=·x"]],
    ["ka.req.pod.volumes.hostpath[/etc]!=true", ["ka.req.pod.volumes.hostpath[/etc]·!=·true"]],
    ["json.value[/a,b=c]=d,e=f", ["json.value[/a,b=c]·=·d", "e·=·f"]],
    ["k8s.pod.label[app.kubernetes.io/name]=web", ["k8s.pod.label[app.kubernetes.io/name]·=·web"]],
    ['proc.cmdline="a,b=c"', ["proc.cmdline·=·a,b=c"]],
    ['proc.cmdline="sh -c \\"a, b\\"", b=c', ['proc.cmdline·=·sh -c "a, b"', "b·=·c"]],
    ['a="C:\\\\x\\y"', ["a·=·C:\\x\\y"]],
    ["proc.cmdline=a --x=y", ["proc.cmdline·=·a --x=y"]],
    ['a=" b "', ["a·=· b "]],
    ['a=sh -c "b, c"', ["a·=·sh -c b, c"]],
    ["a=b!c", ["a·=·b!c"]],
    ['a=""', ["a·=·"]],
    ["a!=<NA>", ["a·!=·"]],
    ["a=größe", ["a·=·größe"]],
  ];
  for (const [text, conditions] of taken) {
    it(`are read of ${text}`, () => {
      assert.deepEqual(told(text), conditions);
    });
  }

  for (const text of [
    "",
    "a",
    "a=",
    "=b",
    "a=b,",
    ",a=b",
    'a="b',
    'a=b"',
    "a[=b",
    "a b=c",
    "a=b,,c=d",
    "a>b",
    "[x]=y",
  ]) {
    it(`are not "${text}"`, () => {
      assert.equal(told(text), undefined);
    });
  }

  it("can ask whether a field is there, as falco-talon's can", () => {
    const holds = (condition: string, fields: Record<string, unknown>) =>
      mismatch(parseMatch({ output_fields: [condition] }), alert(fields)) === undefined;
    for (const none of ['""', "<NA>"]) {
      for (const absent of [{ "fd.name": null }, { "fd.name": "<NA>" }, { "fd.name": "" }, {}]) {
        assert.equal(holds(`fd.name=${none}`, absent), true);
        assert.equal(holds(`fd.name!=${none}`, absent), false);
      }
      assert.equal(holds(`fd.name=${none}`, { "fd.name": "/etc" }), false);
      assert.equal(holds(`fd.name!=${none}`, { "fd.name": "/etc" }), true);
    }
  });

  it("with a key in brackets meet the alert's field of that name", () => {
    const match = parseMatch({ output_fields: ['proc.aname[2]="a,b"'] });
    assert.equal(mismatch(match, alert({ "proc.aname[2]": "a,b" })), undefined);
    assert.match(
      mismatch(match, alert({ "proc.aname[2]": "a" })) ?? "",
      /^output_fields: proc.aname\[2\]=a,b does not/,
    );
  });
});
