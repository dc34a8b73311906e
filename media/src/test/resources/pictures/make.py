"""Writes the small pictures of this folder and pillow.tsv: what Pillow makes of each.

Columns of pillow.tsv: file, mode, width, height, SHA-256 of `Image.open(file).convert("RGB")`, SHA-256 of
`ImageOps.exif_transpose` of the same ("-" where no orientation is stored). Pillow 12.3.0; run in this folder.
"""

import hashlib
import os
import random
import struct
import zlib

from PIL import Image, ImageCms, ImageDraw, ImageOps

random_bytes = random.Random(3)


def noise(n):
    return bytes(random_bytes.randrange(256) for _ in range(n))


def photo(w, h):
    im = Image.new("RGB", (w, h))
    px = im.load()
    for y in range(h):
        for x in range(w):
            px[x, y] = ((x * 5 + y) % 256, (x * x // 7 + y * 3) % 256, (200 - x + y * y // 9) % 256)
    d = ImageDraw.Draw(im)
    d.ellipse((w // 4, h // 4, w // 2, h // 2), fill=(250, 10, 10))
    d.rectangle((w // 2, h // 3, w - 3, h // 2), fill=(10, 240, 30))
    return im


PHOTO = photo(61, 47)
CLEAR = PHOTO.convert("RGBA")
CLEAR.putalpha(PHOTO.convert("L").point(lambda v: 255 if v > 200 else v // 2 if v > 60 else 0))
DEEP = Image.new("I;16", (61, 47))
for y in range(47):
    for x in range(61):
        DEEP.putpixel((x, y), (x * 11 + y * 37) * (1 if x < 30 else 20) % 65536)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
MODES = ("1", "L", "LA", "P", "RGB", "RGBA")


def read(name):
    with open(name, "rb") as f:
        return f.read()


def write(name, data):
    with open(name, "wb") as f:
        f.write(data)


def in_mode(mode):
    return PHOTO if mode == "RGB" else CLEAR.convert(mode)


def orientation(value):
    exif = Image.Exif()
    exif[274] = value
    return exif


def jpegs():
    for subsampling in (0, 1, 2):
        PHOTO.save(f"sampled-{subsampling}.jpg", quality=88, subsampling=subsampling)
        jfif = read(f"sampled-{subsampling}.jpg")
        write(f"no-jfif-{subsampling}.jpg", jfif[:2] + jfif[20:])
    PHOTO.save("progressive.jpg", quality=70, progressive=True, subsampling=2)
    PHOTO.save("icc.jpg", quality=90, icc_profile=SRGB)
    PHOTO.save("rgb.jpg", keep_rgb=True)
    PHOTO.save("restarts.jpg", restart_marker_blocks=2)
    PHOTO.convert("L").save("grey.jpg")
    PHOTO.convert("CMYK").save("cmyk.jpg")
    PHOTO.resize((1, 1)).save("one.jpg")
    ycck = bytearray(read("cmyk.jpg"))
    ycck[ycck.find(b"Adobe") + 11] = 2
    write("ycck.jpg", ycck)
    for value in range(1, 9):
        PHOTO.save(f"turned-{value}.jpg", exif=orientation(value))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(name, w, h, depth, colours, rows, interlace=0, extra=b""):
    header = struct.pack(">IIBBBBB", w, h, depth, colours, 0, 0, interlace)
    chunks = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    write(name, b"\x89PNG\r\n\x1a\n" + chunks)


def pngs():
    for mode in MODES:
        in_mode(mode).save(f"mode-{mode}.png")
    for bits in (1, 2, 4):
        PHOTO.quantize(1 << bits).save(f"palette-{bits}.png", bits=bits)
    PHOTO.quantize(30).save("palette-clear.png", transparency=3)
    PHOTO.convert("L").save("grey-clear.png", transparency=9)
    PHOTO.save("rgb-clear.png", transparency=(1, 2, 3))
    PHOTO.save("icc.png", icc_profile=SRGB)
    PHOTO.convert("L").save("grey-icc.png", icc_profile=SRGB)
    PHOTO.save("turned-6.png", exif=orientation(6))
    DEEP.save("grey-16.png")
    for colours, samples in ((2, 3), (6, 4), (4, 2)):
        png(f"deep-{colours}.png", 13, 9, 16, colours, b"".join(b"\0" + noise(26 * samples) for _ in range(9)))
    for depth in (2, 4):
        png(f"grey-{depth}.png", 13, 9, depth, 0, b"".join(b"\0" + noise((13 * depth + 7) // 8) for _ in range(9)))
    rows = b""
    for x0, y0, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
        for _ in range(y0, 8, dy):
            rows += b"\0" + noise(3 * len(range(x0, 8, dx)))
    png("interlaced.png", 8, 8, 8, 2, rows, interlace=1)
    gamma = chunk(b"gAMA", struct.pack(">I", 45455))
    png("gamma.png", 5, 1, 8, 0, b"\0" + bytes([0, 50, 100, 200, 255]), extra=gamma)


def gifs():
    PHOTO.quantize(64).save("palette.gif", interlace=0)
    PHOTO.quantize(64).save("interlaced.gif", interlace=1)
    PHOTO.quantize(20).save("clear.gif", transparency=4)
    PHOTO.convert("L").save("grey.gif")
    PHOTO.convert("1").save("bits.gif")
    PHOTO.quantize(16).save("animation.gif", save_all=True, append_images=[PHOTO.rotate(90).quantize(16)], duration=50)
    for name in ("palette", "clear"):
        part = bytearray(read(f"{name}.gif"))
        part[6:10] = struct.pack("<HH", 80, 60)
        write(f"{name}-part.gif", part)


def bmps():
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        in_mode(mode).save(f"mode-{mode}.bmp")
    for name, compression in (("565", 3), ("555", 0)):
        masks = struct.pack("<III", 0xF800, 0x7E0, 0x1F) if compression == 3 else b""
        info = struct.pack("<IiiHHIIiiII", 40, 7, 5, 1, 16, compression, 80, 0, 0, 0, 0)
        offset = 54 + len(masks)
        rows = b"".join(noise(14) + b"\0\0" for _ in range(5))
        write(f"bits-{name}.bmp", b"BM" + struct.pack("<IHHI", offset + 80, 0, 0, offset) + info + masks + rows)


def tiffs():
    for mode in MODES + ("CMYK",):
        in_mode(mode).save(f"mode-{mode}.tif")
    DEEP.save("grey-16.tif")
    PHOTO.convert("F").save("float.tif")
    PHOTO.convert("I").save("int.tif")
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        PHOTO.save(f"{compression}.tif", compression=compression)
    for compression in ("group3", "group4"):
        PHOTO.convert("1").save(f"{compression}.tif", compression=compression)
    PHOTO.convert("L").save("grey-jpeg.tif", compression="jpeg")
    PHOTO.save("predictor.tif", compression="tiff_lzw", tiffinfo={317: 2})
    PHOTO.save("icc.tif", icc_profile=SRGB)
    PHOTO.save("turned-6.tif", tiffinfo={274: 6})
    PHOTO.save("pages.tif", save_all=True, append_images=[PHOTO.rotate(90)])


def webps():
    PHOTO.save("lossless.webp", lossless=True)
    CLEAR.save("lossless-clear.webp", lossless=True, exact=True)
    PHOTO.save("icc.webp", lossless=True, icc_profile=SRGB)
    PHOTO.save("turned-6.webp", lossless=True, exif=orientation(6))
    PHOTO.save("animation.webp", save_all=True, append_images=[PHOTO.rotate(90)], lossless=True, duration=40)


def digest(im):
    return hashlib.sha256(im.convert("RGB").tobytes()).hexdigest()


for make in (jpegs, pngs, gifs, bmps, tiffs, webps):
    make()
with open("pillow.tsv", "w") as table:
    for name in sorted(os.listdir(".")):
        if name.endswith((".py", ".tsv")):
            continue
        im = Image.open(name)
        turned = digest(ImageOps.exif_transpose(im)) if "turned" in name else "-"
        print(name, im.mode, im.width, im.height, digest(im), turned, sep="\t", file=table)
