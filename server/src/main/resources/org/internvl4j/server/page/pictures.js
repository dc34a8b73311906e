// Pictures as a browser reads them.

const AS_THEY_ARE = ["image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp"];
const MOST_BYTES = 12 << 20; // above, a picture is made smaller before it is sent
const MOST_PIXELS = 4096; // a side, then
const TILE = 448; // pixels a side

/**
 * Whether a JPEG says that it is to be turned before it is shown. The server takes pixels as they
 * lie, so such a picture is turned here: the model shall see what the user sees.
 */
async function isTurned(file) {
  const bytes = new DataView(await file.slice(0, 1 << 18).arrayBuffer());
  try {
    let at = 2;
    while (bytes.getUint16(at) >>> 8 === 0xff && bytes.getUint16(at) !== 0xffda) {
      const isExif = bytes.getUint16(at) === 0xffe1 && bytes.getUint32(at + 4) === 0x45786966;
      if (isExif) {
        return orientation(bytes, at + 10) !== 1;
      }
      at += 2 + bytes.getUint16(at + 2);
    }
  } catch {
    // cut off, or no JPEG: there is nothing to turn
  }
  return false;
}

function orientation(bytes, start) {
  const isLittle = bytes.getUint16(start) === 0x4949;
  const entries = start + bytes.getUint32(start + 4, isLittle);
  for (let i = 0; i < bytes.getUint16(entries, isLittle); i++) {
    const entry = entries + 2 + 12 * i;
    if (bytes.getUint16(entry, isLittle) === 0x0112) {
      return bytes.getUint16(entry + 8, isLittle);
    }
  }
  return 1;
}

/**
 * Reads a file.
 *
 * @returns {Promise<{ blob: Blob, name: string, width: number, height: number }>}
 * @throws {Error} if it is no picture
 */
export async function read(file) {
  const bitmap = await createImageBitmap(file);
  const { width, height } = bitmap;
  const isFine = AS_THEY_ARE.includes(file.type) && file.size <= MOST_BYTES && !(await isTurned(file));
  const blob = isFine ? new Blob([file], { type: file.type }) : await anew(bitmap, file);
  bitmap.close();
  return { blob, name: file.name || "picture", width, height };
}

function anew(bitmap, file) {
  const isLarge = file.size > MOST_BYTES;
  const scale = isLarge ? Math.min(1, MOST_PIXELS / Math.max(bitmap.width, bitmap.height)) : 1;
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const type = isLarge || file.type === "image/jpeg" ? "image/jpeg" : "image/png";
  return new Promise((resolve) => canvas.toBlob(resolve, type, 0.95));
}

/** A picture as a part of a request. */
export function dataUri(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

/** Tiles that a picture takes, as the usual tiling cuts it: the nearest grid, and a thumbnail. */
export function tileCount(width, height, most) {
  let best = Infinity;
  let grid = 1;
  for (let tiles = 1; tiles <= most; tiles++) {
    for (let columns = 1; columns <= tiles; columns++) {
      const rows = tiles / columns;
      if (!Number.isInteger(rows)) {
        continue;
      }
      const distance = Math.abs(width / height - columns / rows);
      if (distance < best || (distance === best && width * height > 0.5 * TILE * TILE * tiles)) {
        best = distance;
        grid = tiles;
      }
    }
  }
  return grid === 1 ? 1 : grid + 1;
}

const addresses = new Map();

/** An address of a picture on this page; the same one for the same picture. */
export function address(picture) {
  let found = addresses.get(picture.blob);
  if (!found) {
    found = URL.createObjectURL(picture.blob);
    addresses.set(picture.blob, found);
  }
  return found;
}

/** Gives back the memory of all pictures that are not among these. */
export function forgetAllBut(pictures) {
  const kept = new Set(pictures.map((picture) => picture.blob));
  for (const [blob, found] of addresses) {
    if (!kept.has(blob)) {
      URL.revokeObjectURL(found);
      addresses.delete(blob);
    }
  }
}
