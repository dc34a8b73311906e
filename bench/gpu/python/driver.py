"""The driver's library through ctypes, for kernels that have no Java around them: the true one or the stand-in."""

import ctypes
import math
import os


class Driver:
    def __init__(self):
        self.library = ctypes.CDLL(os.environ.get("INTERNVL4J_CUDA_LIBRARY", "libcuda.so.1"))
        self.call("cuInit", 0)
        device, self.context, self.stream = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_void_p()
        self.call("cuDeviceGet", ctypes.byref(device), 0)
        self.device = device
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(self.context), device)
        self.call("cuCtxSetCurrent", self.context)
        self.call("cuStreamCreate", ctypes.byref(self.stream), 1)  # does not wait for the legacy stream

    def call(self, name, *arguments):
        code = getattr(self.library, name)(*arguments)
        if code:
            raise RuntimeError(f"{name} answers {code}")

    def capability(self):
        numbers = []
        for attribute in (75, 76):
            n = ctypes.c_int()
            self.call("cuDeviceGetAttribute", ctypes.byref(n), attribute, self.device)
            numbers.append(n.value)
        return tuple(numbers)

    def module(self, image):
        module = ctypes.c_void_p()
        self.call("cuModuleLoadData", ctypes.byref(module), image)
        return module

    def upload(self, bytes):
        """Memory with these bytes; nothing is ever freed, the process is short."""
        address = ctypes.c_uint64()
        self.call("cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(max(1, len(bytes))))
        self.call("cuMemcpyHtoDAsync_v2", address, bytes, ctypes.c_size_t(len(bytes)), self.stream)
        self.call("cuStreamSynchronize", self.stream)
        return address

    def download(self, address, size):
        bytes = ctypes.create_string_buffer(size)
        self.call("cuMemcpyDtoHAsync_v2", bytes, address, ctypes.c_size_t(size), self.stream)
        self.call("cuStreamSynchronize", self.stream)
        return bytes.raw

    def tensor_map(self, address, sizes, box):
        """Of bf16 without gaps, innermost dimension first, 128-byte swizzle."""
        raw = ctypes.create_string_buffer(128 + 64)
        start = (-ctypes.addressof(raw)) % 64  # the driver wants it on 64 bytes
        map = (ctypes.c_char * 128).from_buffer(raw, start)
        rank = len(sizes)
        pitches = [2 * math.prod(sizes[:i]) for i in range(1, rank)]
        self.call("cuTensorMapEncodeTiled", ctypes.byref(map), 9, rank, address, (ctypes.c_uint64 * rank)(*sizes),
                  (ctypes.c_uint64 * (rank - 1))(*pitches), (ctypes.c_uint32 * rank)(*box),
                  (ctypes.c_uint32 * rank)(*[1] * rank), 0, 3, 0, 0)
        return map

    def launch(self, module, name, grid, block, shared, *parameters):
        function = ctypes.c_void_p()
        self.call("cuModuleGetFunction", ctypes.byref(function), module, name.encode())
        if shared:
            self.call("cuFuncSetAttribute", function, 8, shared)
        pointers = (ctypes.c_void_p * len(parameters))(*(ctypes.addressof(p) for p in parameters))
        self.call("cuLaunchKernel", function, *grid, *block, shared, self.stream, pointers, None)
        self.call("cuStreamSynchronize", self.stream)
