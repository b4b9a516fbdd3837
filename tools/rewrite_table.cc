// Rewrites a table (the index of a checkpoint) with TensorFlow's own table writer, as no option of its Python
// interface reaches: with snappy's compression and with blocks of a chosen size. `make_checkpoints.py` compiles it.
#include <memory>

#include "tensorflow/core/lib/io/iterator.h"
#include "tensorflow/core/lib/io/table.h"
#include "tensorflow/core/lib/io/table_builder.h"
#include "tensorflow/core/lib/io/table_options.h"
#include "tensorflow/core/platform/env.h"

namespace {

tensorflow::Status Rewrite(const char* from, const char* to, bool compress, unsigned block_size) {
  tensorflow::Env* env = tensorflow::Env::Default();
  tensorflow::uint64 size = 0;
  TF_RETURN_IF_ERROR(env->GetFileSize(from, &size));
  std::unique_ptr<tensorflow::RandomAccessFile> source;
  TF_RETURN_IF_ERROR(env->NewRandomAccessFile(from, &source));
  tensorflow::table::Options options;
  tensorflow::table::Table* opened = nullptr;
  TF_RETURN_IF_ERROR(tensorflow::table::Table::Open(options, source.get(), size, &opened));
  std::unique_ptr<tensorflow::table::Table> table(opened);

  options.compression =
      compress ? tensorflow::table::kSnappyCompression : tensorflow::table::kNoCompression;
  options.block_size = block_size;
  std::unique_ptr<tensorflow::WritableFile> target;
  TF_RETURN_IF_ERROR(env->NewWritableFile(to, &target));
  tensorflow::table::TableBuilder builder(options, target.get());
  std::unique_ptr<tensorflow::table::Iterator> entry(table->NewIterator());
  for (entry->SeekToFirst(); entry->Valid(); entry->Next()) builder.Add(entry->key(), entry->value());
  TF_RETURN_IF_ERROR(entry->status());
  TF_RETURN_IF_ERROR(builder.Finish());
  return target->Close();
}

}  // namespace

extern "C" int rewrite_table(const char* from, const char* to, int compress, unsigned block_size) {
  return Rewrite(from, to, compress != 0, block_size).ok() ? 0 : 1;
}
