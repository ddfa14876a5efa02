//! A tool that greets. It gets its arguments as JSON on standard input and prints its answer; if it fails, it says why on
//! standard error and ends with an exit code other than 0.
const std = @import("std");

const Arguments = struct { name: []const u8 };

pub fn main(init: std.process.Init) !void {
    const arena = init.arena.allocator();
    var input_buffer: [4096]u8 = undefined;
    var input = std.Io.File.stdin().reader(init.io, &input_buffer);
    const text = try input.interface.allocRemaining(arena, .limited(1 << 20));
    const given = std.json.parseFromSliceLeaky(Arguments, arena, text, .{}) catch |err| {
        std.debug.print("the arguments do not fit: {t}; `name` is the only one and is text\n", .{err});
        std.process.exit(1);
    };
    const name = std.mem.trim(u8, given.name, " \t\r\n");
    if (name.len == 0) {
        std.debug.print("`name` is empty: say whom to greet\n", .{});
        std.process.exit(1);
    }
    var output_buffer: [4096]u8 = undefined;
    var output = std.Io.File.stdout().writer(init.io, &output_buffer);
    try output.interface.print("Hello, {s}!\n", .{name});
    try output.interface.flush();
}
