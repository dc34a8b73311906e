package org.internvl4j.loader;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.internvl4j.loader.Pickled.Atom;
import org.internvl4j.loader.Pickled.Dict;
import org.internvl4j.loader.Pickled.Global;
import org.internvl4j.loader.Pickled.Items;
import org.internvl4j.loader.Pickled.Opaque;
import org.internvl4j.loader.Pickled.Storage;
import org.internvl4j.loader.Pickled.Text;
import org.internvl4j.loader.Pickled.Tuple;

/// Reads what `torch.save` writes with Python's pickle (protocols 2 to 5), as data.
///
/// A pickle is a program for a machine with a stack. The opcodes that files of tensors are made of
/// are followed; no class is loaded and nothing is called. What a pickle wants called is understood
/// if [TorchCalls] knows it, and is an [Opaque] value otherwise. All other opcodes, and programs
/// that a pickler would not write, are refused.
///
/// Every opcode makes at most one value, small or no larger than the bytes that it reads, so the
/// limit of [#MAX_STEPS] bounds memory: containers that hold one another many times over are not
/// unfolded.
final class Pickle {
  /// The largest pickle that is read.
  static final int MAX_BYTES = 64 << 20;

  /// Opcodes in one pickle: about 30,000 tensors.
  static final int MAX_STEPS = 1_000_000;

  /// As many as a call stands for, since a tensor is larger than other values.
  private static final int CALL_STEPS = 10;

  private final PickleBytes in;
  private final Map<String, Storage> storages;
  private final List<Pickled> stack = new ArrayList<>();
  private final List<Pickled> memo = new ArrayList<>();
  private int[] marks = new int[16];
  private int depth;
  private int steps;

  private Pickle(PickleBytes in, Map<String, Storage> storages) {
    this.in = in;
    this.storages = storages;
  }

  /// What a pickle holds.
  ///
  /// @param storages those of its tensors, by key, in the order of the file
  record Result(Pickled value, Map<String, Storage> storages) {}

  /// Reads one pickle and leaves `in` behind it.
  ///
  /// @throws CheckpointException if it is cut off, hostile or of another kind
  static Result read(PickleBytes in) {
    Pickle pickle = new Pickle(in, new LinkedHashMap<>());
    return new Result(pickle.run(), pickle.storages);
  }

  private Pickled run() {
    if (in.opcode() != Opcode.PROTO) {
      throw in.wrong("a pickle of protocol 2 to 5 begins with PROTO");
    }
    int protocol = in.u8();
    if (protocol < 2 || protocol > 5) {
      throw in.wrong("protocol " + protocol + ", expected 2 to 5");
    }
    while (steps < MAX_STEPS) {
      steps++;
      Opcode opcode = in.opcode();
      if (opcode == Opcode.STOP) {
        return result();
      }
      step(opcode);
    }
    throw in.wrong("more than " + MAX_STEPS + " opcodes");
  }

  private Pickled result() {
    Pickled value = pop();
    if (!stack.isEmpty() || depth > 0) {
      throw in.wrong("STOP leaves values on the stack");
    }
    return value;
  }

  private void step(Opcode opcode) {
    switch (opcode) {
      case NONE -> push(Atom.NONE);
      case NEWTRUE -> push(Atom.TRUE);
      case NEWFALSE -> push(Atom.FALSE);
      case BININT -> push(new Pickled.Int(in.i32()));
      case BININT1 -> push(new Pickled.Int(in.u8()));
      case BININT2 -> push(new Pickled.Int(in.u16()));
      case LONG1 -> push(in.integer(in.u8()));
      case LONG4 -> push(in.integer(in.u32()));
      case BINFLOAT -> skipped(8, Atom.NUMBER);
      case SHORT_BINUNICODE -> push(new Text(in.text(in.u8())));
      case BINUNICODE -> push(new Text(in.text(in.u32())));
      case BINUNICODE8 -> push(new Text(in.text(in.i64())));
      case SHORT_BINSTRING -> push(in.string(in.u8()));
      case BINSTRING -> push(in.string(in.u32()));
      case SHORT_BINBYTES -> skipped(in.u8(), Atom.BYTES);
      case BINBYTES -> skipped(in.u32(), Atom.BYTES);
      case BINBYTES8, BYTEARRAY8 -> skipped(in.i64(), Atom.BYTES);
      case EMPTY_DICT -> push(new Dict());
      case EMPTY_LIST -> push(new Items());
      case EMPTY_TUPLE -> push(new Tuple(List.of()));
      case EMPTY_SET -> push(Atom.SET);
      case TUPLE1 -> push(new Tuple(List.of(pop())));
      case TUPLE2 -> pair();
      case TUPLE3 -> triple();
      case TUPLE -> push(new Tuple(popMarked()));
      case FROZENSET -> replaceMarked(Atom.SET);
      case APPEND -> append(List.of(pop()));
      case APPENDS -> append(popMarked());
      case ADDITEMS -> addItems(popMarked());
      case SETITEM -> setItem();
      case SETITEMS -> setItems(popMarked());
      case MARK -> mark();
      case POP -> drop();
      case POP_MARK -> popMarked();
      case BINPUT -> put(in.u8());
      case LONG_BINPUT -> put(in.u32());
      case MEMOIZE -> put(memo.size());
      case BINGET -> get(in.u8());
      case LONG_BINGET -> get(in.u32());
      case FRAME -> frame(in.i64());
      case GLOBAL -> push(new Global(in.line() + '.' + in.line()));
      case STACK_GLOBAL -> stackGlobal();
      case BINPERSID -> push(TorchCalls.persistent(pop(), storages, in));
      case REDUCE, NEWOBJ -> call(opcode);
      case NEWOBJ_EX -> callWithKeywords();
      case BUILD -> build();
      case PROTO -> throw in.wrong("a second PROTO");
      case STOP -> throw new AssertionError(opcode);
      case INT, LONG, FLOAT, STRING, UNICODE, DICT, LIST, GET, PUT, INST, OBJ, DUP, PERSID ->
          throw in.wrong(opcode + " is no opcode that torch.save writes");
      case EXT1, EXT2, EXT4, NEXT_BUFFER, READONLY_BUFFER ->
          throw in.wrong(opcode + " refers to something outside the file");
    }
  }

  // ---- the stack

  private void push(Pickled value) {
    stack.add(value);
  }

  private void skipped(long bytes, Pickled value) {
    in.skip(bytes);
    push(value);
  }

  /// Where the values begin that were pushed since the last mark.
  private int floor() {
    return depth == 0 ? 0 : marks[depth - 1];
  }

  private Pickled pop() {
    requireValue();
    return stack.removeLast();
  }

  private Pickled top() {
    requireValue();
    return stack.getLast();
  }

  private void requireValue() {
    if (stack.size() <= floor()) {
      throw in.wrong("needs a value, but there is none on the stack");
    }
  }

  private void mark() {
    if (depth == marks.length) {
      marks = Arrays.copyOf(marks, 2 * depth);
    }
    marks[depth++] = stack.size();
  }

  /// POP, which in pickles of tuples that hold themselves takes a mark away, too.
  private void drop() {
    if (depth > 0 && stack.size() == floor()) {
      depth--;
    } else {
      pop();
    }
  }

  private List<Pickled> popMarked() {
    if (depth == 0) {
      throw in.wrong("needs a mark, but there is none on the stack");
    }
    List<Pickled> tail = stack.subList(marks[--depth], stack.size());
    List<Pickled> values = List.copyOf(tail);
    tail.clear();
    return values;
  }

  private void replaceMarked(Pickled value) {
    popMarked();
    push(value);
  }

  private void pair() {
    Pickled second = pop();
    push(new Tuple(List.of(pop(), second)));
  }

  private void triple() {
    Pickled third = pop();
    Pickled second = pop();
    push(new Tuple(List.of(pop(), second, third)));
  }

  // ---- the memo

  private void put(long index) {
    Pickled value = top();
    if (index < memo.size()) {
      memo.set((int) index, value);
    } else if (index == memo.size()) {
      memo.add(value);
    } else {
      throw in.wrong("memo entry " + index + ", expected " + memo.size() + " next");
    }
  }

  private void get(long index) {
    if (index >= memo.size()) {
      throw in.wrong("memo entry " + index + ", but there are " + memo.size());
    }
    push(memo.get((int) index));
  }

  /// A hint how much to read at once.
  private void frame(long bytes) {
    long left = in.size() - in.at();
    if (bytes < 0 || bytes > left) {
      throw in.wrong(
          "a frame of " + Long.toUnsignedString(bytes) + " bytes, but " + left + " are left");
    }
  }

  // ---- containers

  private void append(List<Pickled> values) {
    switch (top()) {
      case Items items -> items.values.addAll(values);
      case Opaque _ -> {}
      case Pickled other -> throw in.wrong("appends to " + other.what() + ", expected a list");
    }
  }

  private void addItems(List<Pickled> values) {
    Pickled set = top();
    if (set != Atom.SET && !(set instanceof Opaque)) {
      throw in.wrong("adds " + values.size() + " to " + set.what() + ", expected a set");
    }
  }

  private void setItem() {
    Pickled value = pop();
    setItems(List.of(pop(), value));
  }

  private void setItems(List<Pickled> pairs) {
    if (pairs.size() % 2 != 0) {
      throw in.wrong("a key without a value");
    }
    Pickled target = top();
    if (target instanceof Opaque) {
      return;
    }
    if (!(target instanceof Dict dict)) {
      throw in.wrong("sets items of " + target.what() + ", expected a dict");
    }
    for (int i = 0; i < pairs.size(); i += 2) {
      Object key =
          switch (pairs.get(i)) {
            case Text text -> text.value();
            case Pickled.Int number -> number.value();
            case Pickled _ -> null; // such an entry has no name
          };
      if (key != null && dict.values.putIfAbsent(key, pairs.get(i + 1)) != null) {
        throw in.wrong("the key " + pairs.get(i).what() + " a second time");
      }
    }
  }

  // ---- what Python would call

  private void stackGlobal() {
    Pickled name = pop();
    Pickled module = pop();
    if (!(module instanceof Text m) || !(name instanceof Text n)) {
      throw in.wrong(
          "a name made of " + module.what() + " and " + name.what() + ", expected two texts");
    }
    if (m.value().length() + n.value().length() > 2000) {
      throw in.wrong("a name of more than 2000 characters");
    }
    push(new Global(m.value() + '.' + n.value()));
  }

  private void call(Opcode opcode) {
    Pickled arguments = pop();
    Pickled callee = pop();
    if (!(arguments instanceof Tuple tuple)) {
      throw in.wrong(opcode + " with " + arguments.what() + ", expected a tuple of arguments");
    }
    push(
        switch (callee) {
          case Global global -> {
            steps += CALL_STEPS;
            yield TorchCalls.result(global.name(), tuple.values(), in);
          }
          case Opaque opaque -> opaque;
          case Pickled other ->
              throw in.wrong(opcode + " of " + other.what() + ", expected a class or a function");
        });
  }

  private void callWithKeywords() {
    Pickled keywords = pop();
    if (!(keywords instanceof Dict)) {
      throw in.wrong("NEWOBJ_EX with " + keywords.what() + ", expected a dict of arguments");
    }
    call(Opcode.NEWOBJ_EX);
  }

  /// Attributes: `_metadata` of a state dict, which says nothing about tensors.
  private void build() {
    pop();
    switch (top()) {
      case Dict _, Opaque _, Pickled.View _ -> {}
      case Pickled other -> throw in.wrong("sets attributes of " + other.what());
    }
  }
}
