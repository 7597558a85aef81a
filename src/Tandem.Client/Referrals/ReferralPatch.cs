using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Tandem.Contracts.Referrals;

namespace Tandem.Client;

/// <summary>A JSON Patch (RFC 6902) of a referral, put together step by step.</summary>
/// <example><c>new ReferralPatch().Replace("/status", "Active").Replace("/details/dealValue", 5000)</c></example>
public sealed class ReferralPatch
{
    private readonly JsonArray _operations = [];

    /// <summary>Whether nothing would change.</summary>
    public bool IsEmpty => _operations.Count == 0;

    /// <summary>Puts a value in place of the one there is; null clears it.</summary>
    /// <param name="path">Pointer such as <c>/details/dealValue</c>.</param>
    public ReferralPatch Replace(string path, JsonNode? value) => Add("replace", path, value);

    /// <summary>Puts one of the contract's own shapes in place, such as a <see cref="Member"/>.</summary>
    public ReferralPatch Replace<T>(string path, T value)
        where T : class => Add("replace", path, Node(value));

    /// <summary>Adds to a list: at its end with a path such as <c>/team/-</c>.</summary>
    public ReferralPatch Append<T>(string path, T value)
        where T : class => Add("add", path, Node(value));

    internal byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(_operations, ClientJson.Default.JsonArray);

    private static JsonNode? Node<T>(T value)
        where T : class =>
        JsonSerializer.SerializeToNode(value, (JsonTypeInfo<T>)(ReferralJson.Wire.GetTypeInfo(typeof(T))
            ?? throw new ArgumentException($"{typeof(T).Name} is no part of a referral.", nameof(value))));

    private ReferralPatch Add(string operation, string path, JsonNode? value)
    {
        _operations.Add((JsonNode)new JsonObject { ["op"] = operation, ["path"] = path, ["value"] = value });
        return this;
    }
}
