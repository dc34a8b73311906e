# Compiles every changed copy of a kernel under $(MUTANTS)/NUMBER/src to $(MUTANTS)/NUMBER/KERNEL.so, quickly.
CXXFLAGS := -std=c++20 -O1 -march=native -fPIC -fvisibility=hidden -mtls-dialect=gnu2 -w
ALL := $(foreach s,$(shell ls -v $(MUTANTS)/*/src/*.cu),$(subst /src/,/,$(s:.cu=.so)))

all: $(ALL)

$(MUTANTS)/%.so:
	g++ $(CXXFLAGS) -I$(@D)/include -shared -x c++ $(@D)/src/$(basename $(@F)).cu -x none target/emulated/emu.o -o $@.part
	@mv $@.part $@
