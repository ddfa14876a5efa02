//! A sudoku and the search for its solutions: always on in the empty cell with the fewest digits left.
const Sudoku = @This();

/// 0 where a cell is empty.
pub const Cells = [81]u4;

/// A bit for each digit that is there; bit 0 is not used.
const Digits = u10;

const all: Digits = 0b1111111110;

cells: Cells = @splat(0),
filled: usize = 0,
rows: [9]Digits = @splat(0),
columns: [9]Digits = @splat(0),
squares: [9]Digits = @splat(0),

pub const Error = error{ Character, Cells, Conflict };

pub fn parse(text: []const u8) Error!Sudoku {
    var sudoku: Sudoku = .{};
    var at: usize = 0;
    for (text) |character| {
        const digit: u4 = switch (character) {
            '1'...'9' => @intCast(character - '0'),
            '0', '.', '_' => 0,
            ' ', '\t', '\r', '\n', '|', '-', '+' => continue,
            else => return error.Character,
        };
        if (at == 81) return error.Cells;
        if (digit != 0) {
            if (sudoku.left(at) & bit(digit) == 0) return error.Conflict;
            sudoku.set(at, digit);
        }
        at += 1;
    }
    return if (at == 81) sudoku else error.Cells;
}

/// Counts solutions, up to `most`, and keeps the first.
pub fn count(sudoku: *Sudoku, most: usize, first: *?Cells) usize {
    const at = sudoku.tightest() orelse {
        if (first.* == null) first.* = sudoku.cells;
        return 1;
    };
    var found: usize = 0;
    var digit: u4 = 1;
    while (digit <= 9 and found < most) : (digit += 1) {
        if (sudoku.left(at) & bit(digit) == 0) continue;
        sudoku.set(at, digit);
        found += sudoku.count(most - found, first);
        sudoku.clear(at);
    }
    return found;
}

/// The empty cell with the fewest digits left; none if all are filled.
fn tightest(sudoku: *const Sudoku) ?usize {
    var best: ?usize = null;
    var fewest: u4 = 10;
    for (sudoku.cells, 0..) |cell, at| {
        if (cell != 0) continue;
        const choices: u4 = @popCount(sudoku.left(at));
        if (choices < fewest) {
            fewest = choices;
            best = at;
        }
        if (choices <= 1) break;
    }
    return best;
}

fn left(sudoku: *const Sudoku, at: usize) Digits {
    return all & ~(sudoku.rows[at / 9] | sudoku.columns[at % 9] | sudoku.squares[square(at)]);
}

fn set(sudoku: *Sudoku, at: usize, digit: u4) void {
    sudoku.cells[at] = digit;
    sudoku.filled += 1;
    sudoku.turn(at, digit);
}

fn clear(sudoku: *Sudoku, at: usize) void {
    sudoku.turn(at, sudoku.cells[at]);
    sudoku.filled -= 1;
    sudoku.cells[at] = 0;
}

fn turn(sudoku: *Sudoku, at: usize, digit: u4) void {
    sudoku.rows[at / 9] ^= bit(digit);
    sudoku.columns[at % 9] ^= bit(digit);
    sudoku.squares[square(at)] ^= bit(digit);
}

fn square(at: usize) usize {
    return at / 27 * 3 + at % 9 / 3;
}

fn bit(digit: u4) Digits {
    return @as(Digits, 1) << digit;
}
