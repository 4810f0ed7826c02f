/**
 * The page of boundaries without a server: the same picture, programs and names in links as in the app.
 *
 * The address says what is shown: `loss`, and each parameter that is not at its default.
 */

import plane from "./plane.js";
import { load, loadJson, LossForm, makeRoot } from "./controls.js";
import { find } from "../components/_shared/dom.js";
import { textOfError } from "../components/_shared/format.js";

/** @type {{losses: import("./controls.js").Loss[], planes: Record<string, string>}} addresses of messages by name */
const described = await loadJson("losses.json");
const picture = find(document, ".picture");
/** @type {ShadowRoot | null} */
let root = null;
let newest = 0; // number of the message asked for last

/** Load the message of the chosen loss, and show it with the sliders as they are. */
async function showPlane() {
  const own = ++newest;
  try {
    const data = new Uint8Array(await (await load(described.planes[form.name])).arrayBuffer());
    if (own !== newest) return; // another loss was chosen meanwhile
    root ??= await makeRoot(picture, "plane.json");
    const component = { parentElement: root, data, setStateValue() {}, setTriggerValue() {} };
    plane(component);
    await followOnce();
  } catch (error) {
    picture.textContent = `The picture could not be loaded (${textOfError(error)}). Load the page again.`;
    root = null;
  }
}

/** Let the picture follow the sliders that are not at their defaults, as soon as it can. */
async function followOnce() {
  const shown = root?.querySelector(".plane");
  for (let tries = 0; tries < 200 && shown?.getAttribute("data-live") !== "true"; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  const slider = document.querySelector(".parameters input[type=range]");
  slider?.setAttribute("value", slider.getAttribute("value") ?? "");
}

const form = new LossForm(described.losses, "circle", ({ anew }) => {
  history.replaceState(null, "", `?${form.query}`);
  if (anew) showPlane();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => showPlane());
showPlane();
