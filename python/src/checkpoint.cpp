// ingot.open and ingot.save: weight files as mappings of names to tensors.
#include "ingot/checkpoint.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/unordered_map.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <string>
#include <utility>

#include "bind.h"
#include "casters.h"
#include "errors.h"
#include "exchange.h"
#include "gil.h"
#include "ingot/ops.h"
#include "metadata.h"

namespace ingot::python {
namespace {

// os.PathLike or str.
std::string path_text(nb::handle path) {
  const nb::object text = nb::steal(PyOS_FSPath(path.ptr()));
  if (!text) throw nb::python_error();
  const nb::object encoded = PyBytes_Check(text.ptr()) ? text : nb::steal(PyUnicode_EncodeFSDefault(text.ptr()));
  if (!encoded) throw nb::python_error();
  return {PyBytes_AsString(encoded.ptr()), static_cast<std::size_t>(PyBytes_Size(encoded.ptr()))};
}

Checkpoint open(nb::handle path, std::string_view i2s_packing) {
  const auto packing = packing_from_string(i2s_packing);
  if (!packing) throw Error(ErrorCode::invalid_argument, "open", "no packing is called " + std::string(i2s_packing));
  const std::string name = path_text(path);
  return released([&] { return open_checkpoint(name, {.i2s_packing = *packing}); });
}

std::string_view format_for(std::string_view path) {
  constexpr std::pair<std::string_view, std::string_view> suffixes[] = {{".safetensors", "safetensors"},
                                                                        {".gguf", "gguf"},
                                                                        {".pt", "pytorch"},
                                                                        {".pth", "pytorch"},
                                                                        {".bin", "pytorch"},
                                                                        {".npz", "npz"},
                                                                        {".npy", "npy"}};
  for (const auto& [suffix, format] : suffixes)
    if (path.size() > suffix.size() && path.ends_with(suffix)) return format;
  throw Error(ErrorCode::invalid_argument, "save",
              std::string(path) +
                  ": the name says no format; give format='safetensors', 'gguf', 'pytorch', 'npz', 'npy' or "
                  "'huggingface'");
}

void save(nb::handle path, nb::handle tensors, std::optional<nb::dict> metadata, std::optional<std::string> format,
          std::unordered_map<std::string, std::string> documents, std::uint64_t max_shard_bytes, bool force,
          nb::handle progress) {
  const std::string name = path_text(path);
  OutputPlan plan;
  for (const nb::handle item : nb::borrow(tensors.attr("items")())) {
    const Tensor x = asarray(item[nb::int_(1)], {}, {}, {});
    plan.tensors.push_back(OutputTensor::of(nb::cast<std::string>(item[nb::int_(0)]), x));
  }
  if (metadata) plan.metadata = to_metadata(*metadata);
  plan.documents = std::move(documents);
  plan.max_shard_bytes = max_shard_bytes;
  WriteOptions options{.force = force};
  if (!progress.is_none())
    options.progress = [progress](std::uint64_t done, std::uint64_t total) {
      const nb::gil_scoped_acquire acquire;
      progress(done, total);
    };
  const std::string chosen = format ? *format : std::string(format_for(name));
  released([&] { write_checkpoint(name, chosen, plan, options); });
}

}  // namespace

void bind_checkpoint(nb::module_& m) {
  nb::class_<Checkpoint> cls(m, "Checkpoint",
                             R"(An open file or directory of weights: a read-only mapping of names to tensors.

Opening reads headers only; the tensors are read-only views of the mapped files, which stay mapped as long as a tensor
lives. Quantized tensors have an `encoding`. A weight that files hold in several tensors (GPTQ, AWQ, …; `scheme` says so) is
decoded into memory each time it is asked for. A name that is absent raises KeyError.

>>> import ingot, os, tempfile
>>> path = os.path.join(tempfile.mkdtemp(), "model.safetensors")
>>> ingot.save(path, {"weight": ingot.zeros((2, 3))}, metadata={"author": "me"})
>>> file = ingot.open(path)
>>> list(file), file["weight"].shape, file.metadata
(['weight'], (2, 3), {'author': 'me'})
)");
  // The views of keys(), values() and items() are those of every mapping.
  const nb::module_ abc = nb::module_::import_("collections.abc");
  const auto view = [abc](const char* name) {
    return [make = nb::object(abc.attr(name))](nb::handle self) { return make(self); };
  };
  cls.def(
         "__getitem__",
         [](const Checkpoint& self, std::string_view name) { return released([&] { return self.get(name); }); },
         "name"_a)
      .def("__contains__", [](const Checkpoint& self, std::string_view name) { return self.find(name) != nullptr; })
      .def("__contains__", [](const Checkpoint&, nb::handle) { return false; })
      .def("__len__", [](const Checkpoint& self) { return self.tensors.size(); })
      .def(
          "__iter__",
          [](const Checkpoint& self) {
            nb::list names;
            for (const NamedTensor& tensor : self.tensors) names.append(tensor.name);
            return nb::iter(names);
          },
          nb::sig("def __iter__(self) -> collections.abc.Iterator[str]"))
      .def("keys", view("KeysView"), nb::sig("def keys(self) -> collections.abc.KeysView[str]"),
           "The names, in file order.")
      .def("values", view("ValuesView"), nb::sig("def values(self) -> collections.abc.ValuesView[Tensor]"),
           "The tensors, in file order.")
      .def("items", view("ItemsView"), nb::sig("def items(self) -> collections.abc.ItemsView[str, Tensor]"),
           "The names with their tensors, in file order.")
      .def(
          "get",
          [](const Checkpoint& self, std::string_view name, nb::object absent) {
            const NamedTensor* found = self.find(name);
            return found ? nb::cast(released([&] { return found->whole(); })) : std::move(absent);
          },
          "name"_a, "default"_a = nb::none(), R"(The tensor of that name, or `default`.

>>> import ingot, os, tempfile
>>> path = os.path.join(tempfile.mkdtemp(), "model.gguf")
>>> ingot.save(path, {"weight": ingot.zeros((2, 32))})
>>> ingot.open(path).get("bias") is None
True
)")
      .def(
          "scheme",
          [](const Checkpoint& self, std::string_view name) {
            const NamedTensor* found = self.find(name);
            if (!found) self.get(name);  // throws
            return found->held_as();
          },
          "name"_a, R"(How the files hold a tensor: 'f16', a scheme of blocks, or what several tensors hold together.

>>> import ingot, os, tempfile
>>> path = os.path.join(tempfile.mkdtemp(), "model.gguf")
>>> ingot.save(path, {"weight": ingot.zeros((2, 32))})
>>> ingot.open(path).scheme("weight")
'f32'
)")
      .def_ro("path", &Checkpoint::path, "The path as given.")
      .def_prop_ro(
          "format", [](const Checkpoint& self) { return self.format; },
          "'safetensors', 'gguf', 'pytorch', 'npz', 'npy', 'llama2c' or 'huggingface'.")
      .def_ro("files", &Checkpoint::files, "Every weight file, in order.")
      .def_ro("notes", &Checkpoint::notes, "What a user should know that is no error.")
      .def_ro("documents", &Checkpoint::documents, "Directories: the texts of config.json and others, by file name.")
      .def_prop_ro(
          "metadata", [](const Checkpoint& self) { return from_metadata(self.metadata); },
          "The keys and values beside the tensors: a new dict at each access.")
      .def("__repr__", [](const Checkpoint& self) {
        return "ingot.Checkpoint('" + self.path + "', format='" + std::string(self.format) + "', " +
               std::to_string(self.tensors.size()) + " tensors)";
      });
  abc.attr("Mapping").attr("register")(cls);

  m.def("open", &open, "path"_a, nb::kw_only(), "i2s_packing"_a = "x86",
        nb::sig("def open(path: str | os.PathLike[str], *, i2s_packing: str = 'x86') -> Checkpoint"),
        R"(Opens a file or directory of weights of any format, or a model "org/name" of the Hugging Face cache.

The format is found by content. `i2s_packing` is that of I2_S files that do not say: 'x86', 'arm' or 'rows'. Raises
FileNotFoundError for what is absent, and ValueError (ingot.InvalidFileError), naming file, tensor and byte offset, for a
broken file.

>>> import ingot, os, tempfile
>>> path = os.path.join(tempfile.mkdtemp(), "model.safetensors")
>>> ingot.save(path, {"weight": ingot.asarray([1.0, 2.0])})
>>> {name: tensor.tolist() for name, tensor in ingot.open(path).items()}
{'weight': [1.0, 2.0]}
)");
  m.def(
      "save", &save, "path"_a, "tensors"_a, "metadata"_a = nb::none(), nb::kw_only(), "format"_a = nb::none(),
      "documents"_a = nb::dict(), "max_shard_bytes"_a = 0, "force"_a = false, "progress"_a = nb::none(),
      nb::sig("def save(path: str | os.PathLike[str], tensors: collections.abc.Mapping[str, typing.Any], "
              "metadata: dict[str, typing.Any] | None = None, *, format: str | None = None, "
              "documents: dict[str, str] = {}, max_shard_bytes: int = 0, force: bool = False, "
              "progress: collections.abc.Callable[[int, int], None] | None = None) -> None"),
      R"(Writes tensors (or arrays) by name as SafeTensors, GGUF, a PyTorch archive, .npz, .npy or a Hugging Face directory.

The format is the path's suffix unless given: 'safetensors', 'gguf', 'pytorch' (.pt, .pth, .bin), 'npz', 'npy' (one tensor,
whose name is lost) or 'huggingface' (with `documents`, the texts of config.json and others). The output appears under its name when it is complete and synced, or not at all;
`max_shard_bytes` splits it into a directory of files. `progress` is called with the bytes done and the total. Metadata:
SafeTensors takes strings; for GGUF bool, str and lists are themselves, an int is the first of uint32, int32, int64 and
uint64 that holds it, a float is float32 as llama.cpp reads them, and NumPy's scalars keep their type; PyTorch's and
NumPy's files take none. Raises ValueError
where the path exists without `force` or the format cannot hold a tensor, OSError where it cannot be written.

>>> import ingot, os, tempfile
>>> path = os.path.join(tempfile.mkdtemp(), "model.gguf")
>>> ingot.save(path, {"weight": ingot.zeros((2, 32))}, {"general.architecture": "llama"})
>>> ingot.open(path).metadata["general.architecture"]
'llama'
)");
}

}  // namespace ingot::python
