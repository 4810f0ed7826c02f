/** Files of the server. */

/**
 * @param {string} url
 * @returns {Promise<Uint8Array>} rejects with a text for the visitor
 */
export async function loadBytes(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`A file could not be loaded (${response.status}).`);
  return new Uint8Array(await response.arrayBuffer());
}
