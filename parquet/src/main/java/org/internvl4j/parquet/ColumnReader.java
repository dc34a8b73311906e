package org.internvl4j.parquet;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The values of one column in one row group, a row at a time; one page and the dictionary are in
/// memory.
final class ColumnReader {
  private static final int LONGEST_LIST = 1 << 22;
  private static final int LARGEST_LIST = 1 << 28;
  private static final int BYTES_PER_ENTRY = 32; // of a dictionary: an object and its place

  private final Source file;
  private final Leaf leaf;
  private final FileMetadata.Chunk chunk;
  private final Room room;
  private final Codec codec;

  private long at; // where the next page begins
  private long inPages; // values of pages that are not yet read
  private int inPage;
  private Page.@Nullable Levels page;
  private @Nullable Values values;
  private Object @Nullable [] dictionary;
  private long pageRoom;
  private long dictionaryRoom;

  private int repetition; // levels of the current value
  private int definition;
  private boolean ahead; // whether that is the next row's first

  ColumnReader(Source file, Leaf leaf, FileMetadata.Chunk chunk, Room room) {
    this.file = file;
    this.leaf = leaf;
    this.chunk = chunk;
    this.room = room;
    codec = Codec.of(chunk.codec());
    at = chunk.at();
    inPages = chunk.values();
  }

  /// The next row's value: one of [Values], a list of them, or null.
  @Nullable Object next() {
    if (!ahead && !advance()) {
      throw new Damage("it has fewer values than its row group has rows");
    }
    if (leaf.maxRepetition() == 0) {
      return value();
    }
    if (repetition != 0) {
      throw new Damage("its first list has no beginning");
    }
    if (definition < leaf.listDefinition()) {
      boolean empty = definition == leaf.listDefinition() - 1;
      ahead = advance();
      if (ahead && repetition > 0) {
        throw new Damage("an empty list goes on");
      }
      return empty ? List.of() : null;
    }
    return list();
  }

  private List<@Nullable Object> list() {
    List<@Nullable Object> list = new ArrayList<>();
    long bytes = 0;
    do {
      if (definition < leaf.listDefinition()) {
        throw new Damage("a list has no element where it goes on");
      }
      Object element = value();
      list.add(element);
      bytes += element instanceof byte[] array ? array.length : 0;
      if (list.size() > LONGEST_LIST || bytes > LARGEST_LIST) {
        throw new Damage(
            "a list of more than %d elements or %d bytes".formatted(LONGEST_LIST, LARGEST_LIST));
      }
      ahead = advance();
    } while (ahead && repetition > 0);
    return list;
  }

  /// To be called after the last row.
  void finish() {
    if (ahead || advance()) {
      throw new Damage("it has more values than its row group has rows");
    }
    close();
  }

  /// Gives back what its pages took.
  void close() {
    room.give(pageRoom + dictionaryRoom);
    pageRoom = 0;
    dictionaryRoom = 0;
  }

  private @Nullable Object value() {
    return definition == leaf.maxDefinition() && values != null ? values.next() : null;
  }

  /// Goes to the next value, null or empty list.
  private boolean advance() {
    while (inPage == 0 || page == null) {
      if (inPages == 0) {
        return false;
      }
      readPage();
    }
    inPage--;
    repetition = page.repetition().next();
    definition = page.definition().next();
    if (definition > leaf.maxDefinition()) {
      throw new Damage("definition level %d of %d".formatted(definition, leaf.maxDefinition()));
    }
    return true;
  }

  private void readPage() {
    long end = chunk.at() + chunk.size();
    if (at == end) {
      throw new Damage(
          "its pages end, %d of %d values are missing".formatted(inPages, chunk.values()));
    }
    Page next = Page.read(file, at, end);
    switch (next.kind()) {
      case Page.DATA, Page.DATA_V2 -> readData(next);
      case Page.DICTIONARY -> readDictionary(next);
      default -> {}
    }
    at += next.size();
  }

  private void readData(Page next) {
    if (next.values() > inPages) {
      throw new Damage("a page of %d values, %d were left".formatted(next.values(), inPages));
    }
    room.give(pageRoom);
    pageRoom = 0;
    page = null;
    values = null;
    long needed = next.room(codec);
    room.take(needed);
    pageRoom = needed;
    page = next.unpack(file, at, codec, leaf);
    Object[] entries = dictionary == null ? new Object[0] : dictionary;
    values = Values.of(next.encoding(), leaf, page.values(), entries);
    inPage = next.values();
    inPages -= inPage;
  }

  private void readDictionary(Page next) {
    if (dictionary != null || leaf.physical() == Physical.BOOLEAN) {
      throw new Damage("a dictionary where there is none");
    }
    long needed = next.room(codec) + (long) next.values() * BYTES_PER_ENTRY;
    room.take(needed);
    dictionaryRoom = needed;
    Slice in = next.unpack(file, at, codec);
    if (next.values() > in.left()) {
      throw new Damage("a dictionary of %d values in %d bytes".formatted(next.values(), in.left()));
    }
    Values plain = Values.plain(leaf, in);
    Object[] entries = new Object[next.values()];
    for (int i = 0; i < entries.length; i++) {
      entries[i] = plain.next();
    }
    dictionary = entries;
  }
}
