using System.Buffers.Text;
using System.Data.Common;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Tandem.Server.Storage;

/// <summary>The current row of a hot query. Texts are read as the UTF-8 that they are, without a string in between.</summary>
internal readonly struct HotRow(DbDataReader reader)
{
    // SQLite's own bytes, valid until the next row.
    private readonly sqlite3_stmt? _statement = (reader as SqliteDataReader)?.Handle;

    public ReadOnlySpan<byte> Utf8(int column) =>
        _statement is null ? reader.GetFieldValue<byte[]>(column) : raw.sqlite3_column_blob(_statement, column);

    public Guid Guid(int column)
    {
        if (_statement is null)
            return reader.GetGuid(column);
        var text = raw.sqlite3_column_blob(_statement, column);
        return Utf8Parser.TryParse(text, out Guid id, out var read) && read == text.Length
            ? id
            : throw new InvalidDataException($"Column {column} holds no id.");
    }

    public string Text(int column) => _statement is null ? reader.GetString(column) : Encoding.UTF8.GetString(Utf8(column));

    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    public TEnum Enumeration<TEnum>(int column)
        where TEnum : struct, Enum
    {
        if (_statement is null)
            return Enum.Parse<TEnum>(reader.GetString(column));
        Span<char> name = stackalloc char[64];
        var length = Encoding.UTF8.GetChars(Utf8(column), name);
        return Enum.Parse<TEnum>(name[..length]);
    }

    public long Int64(int column) => _statement is null ? reader.GetInt64(column) : raw.sqlite3_column_int64(_statement, column);

    public int Int32(int column) => _statement is null ? reader.GetInt32(column) : raw.sqlite3_column_int(_statement, column);

    public bool Boolean(int column) =>
        _statement is null ? reader.GetBoolean(column) : raw.sqlite3_column_int(_statement, column) != 0;

    public bool IsNull(int column) =>
        _statement is null ? reader.IsDBNull(column) : raw.sqlite3_column_type(_statement, column) == raw.SQLITE_NULL;
}
