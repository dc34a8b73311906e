// Pictures as a browser reads them.

const AS_THEY_ARE = ["image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp"];
const MOST_BYTES = 12_000_000; // above, a picture is made smaller, so that a request takes several
const TILE = 448; // pixels a side
const QUALITIES = [0.95, 0.8]; // of a JPEG, tried until it is small enough

/** The most tiles that can be asked for. */
export const MOST_TILES = 24;

/** A picture that cannot be made small enough to be sent. */
export class TooLarge extends Error {}

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
 * Reads a file. What is too large for a request is made smaller, but no smaller than its tiles need
 * it, however many of them are asked for.
 *
 * @returns {Promise<{ blob: Blob, name: string, width: number, height: number }>}
 * @throws {TooLarge} if that does not do
 * @throws {Error} if it is no picture
 */
export async function read(file) {
  const bitmap = await createImageBitmap(file);
  try {
    const name = file.name || "picture";
    const isLarge = file.size > MOST_BYTES;
    if (AS_THEY_ARE.includes(file.type) && !isLarge && !(await isTurned(file))) {
      const { width, height } = bitmap;
      return { blob: new Blob([file], { type: file.type }), name, width, height };
    }
    const found =
      (isLarge ? null : await anew(bitmap, bitmap, file.type)) ??
      (await anew(bitmap, sizeForTiles(bitmap), file.type));
    if (found === null) {
      throw new TooLarge();
    }
    return { ...found, name };
  } finally {
    bitmap.close();
  }
}

/** The least size at which no tile is made larger than it comes, up to the picture's own. */
function sizeForTiles({ width, height }) {
  let scale = 0;
  for (let most = 1; most <= MOST_TILES; most++) {
    const { columns, rows } = grid(width, height, most);
    scale = Math.max(scale, (columns * TILE) / width, (rows * TILE) / height);
  }
  scale = Math.min(1, scale);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/**
 * The picture in a file of another kind or size: without loss if it came so and if that fits.
 *
 * @returns null if no file of that size is small enough
 */
async function anew(bitmap, { width, height }, type) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  const kinds = QUALITIES.map((quality) => ["image/jpeg", quality]);
  for (const kind of type === "image/jpeg" ? kinds : [["image/png"], ...kinds]) {
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, ...kind));
    if (blob !== null && blob.size <= MOST_BYTES) {
      return { blob, width, height };
    }
  }
  return null;
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
  const { columns, rows } = grid(width, height, most);
  return columns * rows === 1 ? 1 : columns * rows + 1;
}

function grid(width, height, most) {
  let best = Infinity;
  let nearest = { columns: 1, rows: 1 };
  for (let tiles = 1; tiles <= most; tiles++) {
    for (let columns = 1; columns <= tiles; columns++) {
      const rows = tiles / columns;
      if (!Number.isInteger(rows)) {
        continue;
      }
      const distance = Math.abs(width / height - columns / rows);
      if (distance < best || (distance === best && width * height > 0.5 * TILE * TILE * tiles)) {
        best = distance;
        nearest = { columns, rows };
      }
    }
  }
  return nearest;
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
