/**
 * On a phone the sidebar is a sheet that covers the lower half of the page: when it opens, the picture is moved above it,
 * and when another page is shown, it closes.
 */

import { mount, Picture } from "../_shared/picture.js";
import { registry } from "../_shared/registry.js";

/**
 * @import { StreamlitComponent } from "../_shared/picture.js"
 *
 * @typedef {{page: string}} Header
 */

const PHONE = "(max-width: 768px)"; // where Streamlit lays the sidebar over the page

const PICTURES = '[data-testid="stBidiComponentIsolated"], [data-testid="stVegaLiteChart"], [data-testid="stPlotlyChart"]';
const PICTURE_HEIGHT = 200; // CSS pixels of a picture, at least

/** @extends {Picture<Header>} */
class PhoneSidebar extends Picture {
  #changes = new MutationObserver(() => this.#showPicture());

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    const sidebar = document.querySelector('[data-testid="stSidebar"]');
    if (sidebar) this.#changes.observe(sidebar, { attributeFilter: ["data-collapsed"] });
  }

  close() {
    super.close();
    this.#changes.disconnect();
  }

  /** Move the page's first picture to the top, if the sidebar has been opened. */
  #showPicture() {
    if (!openSidebar() || !matchMedia(PHONE).matches) return;
    const all = [...document.querySelectorAll(PICTURES)];
    const picture = all.find((each) => each.getBoundingClientRect().height >= PICTURE_HEIGHT);
    picture?.scrollIntoView({ behavior: "smooth" });
  }

  /** @param {Header} header */
  receive({ page }) {
    const shown = /** @type {Map<string, string>} */ (registry("shown-page")); // survives that this is mounted again
    if (shown.get("page") === page) return;
    shown.set("page", page);
    if (!matchMedia(PHONE).matches) return;
    const button = openSidebar()?.querySelector('[aria-controls="stSidebar"]');
    if (button instanceof HTMLElement) button.click();
  }
}

/** Return the sidebar, if it is open. */
function openSidebar() {
  return document.querySelector('[data-testid="stSidebar"][data-collapsed="false"]');
}

/** @param {StreamlitComponent} component */
export default function phoneSidebar(component) {
  return mount(PhoneSidebar, ".phone-sidebar", component);
}
