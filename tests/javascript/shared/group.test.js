import assert from "node:assert/strict";
import { test } from "node:test";
import { Group, joinGroup } from "../../../cl_core/components/_shared/group.js";
import { PointerGroup } from "../../../cl_core/components/_shared/pointer_group.js";

const join = (kind, name, listeners = {}, member = {}) => joinGroup(kind, name, () => new Group(name), member, listeners);

test("members of one name share a group, others do not", () => {
  const [a, b, c, d] = [join("k", "one"), join("k", "one"), join("k", "two"), join("other", "one")];
  assert.equal(a.group, b.group);
  assert.equal(a.group.members, 2);
  assert.equal(new Set([a.group, c.group, d.group]).size, 3);
  for (const { leave } of [a, b, c, d]) leave();
});

test("without a name each member has its own group", () => {
  assert.notEqual(join("k", "").group, join("k", "").group);
});

test("a group is deleted with its last member, unless it is persistent", () => {
  const first = join("k", "name");
  join("k", "name").leave();
  assert.equal(join("k", "name").group, first.group);
  const kept = join("p", "name");
  kept.group.persistent = true;
  kept.leave();
  assert.equal(join("p", "name").group, kept.group);
  const gone = join("g", "name");
  gone.leave();
  assert.notEqual(join("g", "name").group, gone.group);
});

test("listeners hear their events until they leave", () => {
  const heard = [];
  const { group, leave } = join("k", "listen", { change: () => heard.push("change"), settle: () => heard.push("settle") });
  group.notify();
  group.notify("settle");
  leave();
  group.notify();
  assert.deepEqual(heard, ["change", "settle"]);
});

test("the hovered item follows the pointer and is cleared when the pointer leaves its member", () => {
  let changes = 0;
  const group = new PointerGroup("", (a, b) => a?.x === b?.x);
  group.addEventListener("change", () => (changes += 1));
  const [left, right] = [{}, {}];
  group.hover(left, { x: 1 });
  group.hover(left, { x: 1 });
  assert.equal(changes, 1, "the same is no change");
  group.hover(right, { x: 2 });
  group.leave(left);
  assert.deepEqual(group.hovered, { x: 2 }, "the pointer is on the other");
  group.leave(right);
  assert.equal(group.hovered, null);
  group.hover(right, { x: 3 });
  group.forget(right);
  assert.equal(group.hovered, null);
});

test("a pinned item stays when the pointer leaves", () => {
  const group = new PointerGroup("", Object.is);
  assert.ok(!group.touched);
  group.pin("a");
  group.hover(group, "b");
  group.leave(group);
  assert.equal(group.pinned, "a");
  group.pin(null);
  assert.ok(group.touched);
});
