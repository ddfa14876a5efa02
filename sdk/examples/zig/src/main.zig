//! A tool that solves sudoku puzzles. It gets its arguments as JSON on standard input and prints the answer as JSON.
const std = @import("std");
const Sudoku = @import("Sudoku.zig");

const Arguments = struct { puzzle: []const u8 };

const Answer = struct {
    /// `none`, `one` or `several`.
    solutions: []const u8,
    /// Nine lines of nine digits: the first solution found.
    solution: ?[]const []const u8,
    /// How many cells were given.
    given: usize,
};

pub fn main(init: std.process.Init) !void {
    const arena = init.arena.allocator();
    var input_buffer: [4096]u8 = undefined;
    var input = std.Io.File.stdin().reader(init.io, &input_buffer);
    const text = try input.interface.allocRemaining(arena, .limited(1 << 20));
    const arguments = std.json.parseFromSliceLeaky(Arguments, arena, text, .{}) catch |err| {
        fail("the arguments do not fit: {t}; `puzzle` is the only one and is text", .{err});
    };
    const answer = try solve(arena, arguments.puzzle);
    var output_buffer: [4096]u8 = undefined;
    var output = std.Io.File.stdout().writer(init.io, &output_buffer);
    try std.json.Stringify.value(answer, .{ .emit_null_optional_fields = false }, &output.interface);
    try output.interface.writeByte('\n');
    try output.interface.flush();
}

fn solve(arena: std.mem.Allocator, puzzle: []const u8) !Answer {
    var sudoku = Sudoku.parse(puzzle) catch |err| switch (err) {
        error.Character => fail("`puzzle` has a character that is no cell: use digits, and 0 or a dot for empty ones", .{}),
        error.Cells => fail("`puzzle` must have 81 cells: nine lines of nine", .{}),
        error.Conflict => fail("`puzzle` has a digit twice in a line, column or square", .{}),
    };
    const given = sudoku.filled;
    var first: ?Sudoku.Cells = null;
    const count = sudoku.count(2, &first);
    return .{
        .solutions = ([_][]const u8{ "none", "one", "several" })[count],
        .solution = if (first) |cells| try lines(arena, cells) else null,
        .given = given,
    };
}

fn lines(arena: std.mem.Allocator, cells: Sudoku.Cells) ![]const []const u8 {
    const all = try arena.alloc([]const u8, 9);
    for (all, 0..) |*line, row| {
        const digits = try arena.alloc(u8, 9);
        for (digits, cells[9 * row ..][0..9]) |*digit, cell| digit.* = '0' + @as(u8, cell);
        line.* = digits;
    }
    return all;
}

/// Ends the call as failed. The text reaches the model.
fn fail(comptime format: []const u8, values: anytype) noreturn {
    std.debug.print(format ++ "\n", values);
    std.process.exit(1);
}
