package org.internvl4j.loader;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.internvl4j.loader.Pickled.Dict;
import org.internvl4j.loader.Pickled.Global;
import org.internvl4j.loader.Pickled.Int;
import org.internvl4j.loader.Pickled.Opaque;
import org.internvl4j.loader.Pickled.Storage;
import org.internvl4j.loader.Pickled.Text;
import org.internvl4j.loader.Pickled.Tuple;
import org.internvl4j.loader.Pickled.View;
import org.jspecify.annotations.Nullable;

/// The few calls in files of `torch.save` that tensors are made of, read as descriptions
/// (`torch/_utils.py`, `torch/serialization.py`).
final class TorchCalls {
  private static final int MAX_RANK = 16;
  private static final String FORM =
      "a persistent id of another form than (\"storage\", class, key, device, size)";

  private TorchCalls() {}

  /// What a call is understood to give.
  ///
  /// @param callee as the pickle names it: `torch._utils._rebuild_tensor_v2`
  static Pickled result(String callee, List<Pickled> arguments, PickleBytes in) {
    return switch (callee) {
      case "collections.OrderedDict" -> arguments.isEmpty() ? new Dict() : new Opaque(callee);
      case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2" ->
          view(callee, arguments, null, in);
      case "torch._utils._rebuild_tensor_v3" -> view(callee, arguments, argument(arguments, 6), in);
      case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state" ->
          switch (argument(arguments, 0)) {
            case View view -> view;
            case Opaque opaque -> opaque;
            case Pickled other -> throw unexpected(callee, other, "a tensor", in);
          };
      default -> new Opaque(callee);
    };
  }

  /// What a persistent id stands for: `("storage", torch.FloatStorage, "0", "cpu", 6)`. Files of
  /// PyTorch before 1.6 have a sixth value for a part of another storage, and also `("module",
  /// class, path, source)`, which is the class.
  static Pickled persistent(Pickled id, Map<String, Storage> storages, PickleBytes in) {
    List<Pickled> parts = id instanceof Tuple(List<Pickled> values) ? values : List.of();
    if (!(argument(parts, 0) instanceof Text(String kind))
        || !(argument(parts, 1) instanceof Global global)
        || !(argument(parts, 2) instanceof Text(String key))) {
      throw in.wrong(FORM);
    }
    if (kind.equals("module")) {
      return global;
    }
    if (!kind.equals("storage") || !(argument(parts, 4) instanceof Int(long count))) {
      throw in.wrong(FORM);
    }
    boolean part = argument(parts, 5) != Pickled.Atom.NONE;
    return part
        ? new Opaque("view_metadata of PyTorch before 0.4")
        : storage(global.name(), key, count, storages, in);
  }

  private static Pickled storage(
      String name, String key, long count, Map<String, Storage> storages, PickleBytes in) {
    StoredType type = elements(name);
    boolean untyped = name.equals("torch.storage.UntypedStorage");
    if (type == null && !untyped) {
      return new Opaque(name);
    }
    if (count < 0 || count > Long.MAX_VALUE / 8) {
      throw in.wrong("storage " + key + " has " + count + " elements, expected 0 to 2^60");
    }
    Storage storage = new Storage(key, type, type == null ? count : count * (type.bits / 8));
    Storage other = storages.putIfAbsent(key, storage);
    if (other != null && other.bytes() != storage.bytes()) {
      throw in.wrong(
          "storage " + key + " has " + storage.bytes() + " bytes, before it had " + other.bytes());
    }
    return storage;
  }

  private static @Nullable StoredType elements(String storage) {
    return switch (storage) {
      case "torch.FloatStorage" -> StoredType.F32;
      case "torch.HalfStorage" -> StoredType.F16;
      case "torch.BFloat16Storage" -> StoredType.BF16;
      case "torch.DoubleStorage" -> StoredType.F64;
      case "torch.LongStorage" -> StoredType.I64;
      case "torch.IntStorage" -> StoredType.I32;
      case "torch.ShortStorage" -> StoredType.I16;
      case "torch.CharStorage" -> StoredType.I8;
      case "torch.ByteStorage" -> StoredType.U8;
      case "torch.BoolStorage" -> StoredType.BOOL;
      case "torch.ComplexFloatStorage" -> StoredType.C64;
      default -> null;
    };
  }

  /// The dtypes that have no storage class of their own.
  private static @Nullable StoredType untyped(String dtype) {
    return switch (dtype) {
      case "torch.uint16" -> StoredType.U16;
      case "torch.uint32" -> StoredType.U32;
      case "torch.uint64" -> StoredType.U64;
      case "torch.float8_e5m2" -> StoredType.F8_E5M2;
      case "torch.float8_e4m3fn" -> StoredType.F8_E4M3;
      case "torch.float8_e5m2fnuz" -> StoredType.F8_E5M2FNUZ;
      case "torch.float8_e4m3fnuz" -> StoredType.F8_E4M3FNUZ;
      case "torch.float8_e8m0fnu" -> StoredType.F8_E8M0;
      default -> null;
    };
  }

  /// `(storage, offset, size, stride, …)`.
  ///
  /// @param dtype of the elements where the storage does not say it
  private static Pickled view(
      String callee, List<Pickled> arguments, @Nullable Pickled dtype, PickleBytes in) {
    Storage storage;
    switch (argument(arguments, 0)) {
      case Storage known -> storage = known;
      case Opaque opaque -> {
        return opaque;
      }
      case Pickled other -> throw unexpected(callee, other, "a storage", in);
    }
    StoredType type = storage.type();
    if (type == null) {
      if (!(dtype instanceof Global(String name))) {
        throw unexpected(callee, dtype == null ? Pickled.Atom.NONE : dtype, "a dtype", in);
      }
      type = untyped(name);
      if (type == null) {
        return new Opaque(callee + " of " + name);
      }
    }
    long offset = natural(callee, argument(arguments, 1), "an offset", in);
    List<Long> shape = naturals(callee, argument(arguments, 2), "sizes", in);
    List<Long> strides = naturals(callee, argument(arguments, 3), "strides", in);
    if (shape.size() != strides.size()) {
      throw in.wrong(shape.size() + " sizes and " + strides.size() + " strides");
    }
    requireInside(storage, type, offset, shape, strides, in);
    return new View(storage, type, offset * (type.bits / 8), shape, strides);
  }

  private static void requireInside(
      Storage storage,
      StoredType type,
      long offset,
      List<Long> shape,
      List<Long> strides,
      PickleBytes in) {
    int width = type.bits / 8;
    long end;
    try {
      long all = width;
      long last = offset;
      for (int i = 0; i < shape.size(); i++) {
        // a dimension of 0 must not hide an overflow of the others
        long dim = Math.max(shape.get(i), 1);
        all = Math.multiplyExact(all, dim);
        last = Math.addExact(last, Math.multiplyExact(dim - 1, strides.get(i)));
      }
      long behind = shape.contains(0L) ? offset : Math.addExact(last, 1);
      end = Math.multiplyExact(behind, width);
    } catch (ArithmeticException e) {
      throw in.wrong(
          "%s %s of strides %s from element %d, expected a tensor of less than 2^63 bytes"
              .formatted(shape, type, strides, offset));
    }
    if (end > storage.bytes()) {
      throw in.wrong(
          "%s %s of strides %s from element %d ends at byte %d of storage %s, which has %d"
              .formatted(shape, type, strides, offset, end, storage.key(), storage.bytes()));
    }
  }

  private static Pickled argument(List<Pickled> arguments, int index) {
    return index < arguments.size() ? arguments.get(index) : Pickled.Atom.NONE;
  }

  private static long natural(String callee, Pickled value, String expected, PickleBytes in) {
    if (!(value instanceof Int(long number)) || number < 0) {
      throw unexpected(callee, value, expected + " of at least 0", in);
    }
    return number;
  }

  private static List<Long> naturals(
      String callee, Pickled value, String expected, PickleBytes in) {
    if (!(value instanceof Tuple(List<Pickled> parts)) || parts.size() > MAX_RANK) {
      throw unexpected(callee, value, "a tuple of at most " + MAX_RANK + " " + expected, in);
    }
    List<Long> numbers = new ArrayList<>(parts.size());
    for (Pickled part : parts) {
      numbers.add(natural(callee, part, expected, in));
    }
    return List.copyOf(numbers);
  }

  private static CheckpointException unexpected(
      String callee, Pickled found, String expected, PickleBytes in) {
    return in.wrong(callee + " of " + found.what() + ", expected " + expected);
  }
}
