using System.Diagnostics.CodeAnalysis;
namespace Tandem.Contracts.ValueLists;
/// <summary>x</summary>
public static class IsoCodes {
/// <summary>x</summary>
public static bool TryCountry(string text, [NotNullWhen(true)] out string? alpha2) { alpha2 = text; return true; }
/// <summary>x</summary>
public static bool IsCurrency(string code) => code.Length == 3;
}
/// <summary>x</summary>
public static class SalesStages {
/// <summary>x</summary>
public static bool TryRead(string text, [NotNullWhen(true)] out string? stage) { stage = text; return true; }
/// <summary>x</summary>
public static IReadOnlyList<string> All => [];
/// <summary>x</summary>
public const string Created = "10";
/// <summary>x</summary>
public const string Won = "100";
}
