using System.Text.Json;
using System.Text.Json.Nodes;
using Tandem.Contracts.Referrals;

namespace Tandem.Web.Referrals;

/// <summary>
/// A referral as it was read, and what a person has changed of it since: path by path, so that only that is sent, and that
/// it can be laid over what somebody else has stored meanwhile.
/// </summary>
public sealed class Draft
{
    private readonly Dictionary<string, JsonNode?> _mine = [];
    private JsonObject _base;

    public Draft(Referral referral) => (_base, ETag) = (Tree(referral), referral.ETag);

    /// <summary>Tag of what was read.</summary>
    public string ETag { get; private set; }

    public bool HasChanges => _mine.Count > 0;

    public JsonNode? Get(string path) => _mine.TryGetValue(path, out var mine) ? mine : At(_base, path);

    /// <summary>A scalar as text; empty for none.</summary>
    public string Text(string path) => Get(path)?.ToString() ?? "";

    public void Set(string path, JsonNode? value)
    {
        if (JsonNode.DeepEquals(value, At(_base, path)))
            _mine.Remove(path);
        else
            _mine[path] = value;
    }

    /// <summary>The merge patch (RFC 7396) of the changes.</summary>
    public JsonObject Patch()
    {
        var patch = new JsonObject();
        foreach (var (path, value) in _mine)
        {
            var names = path.Split('.');
            var owner = patch;
            foreach (var name in names[..^1])
                owner = (JsonObject)(owner[name] ??= new JsonObject());
            owner[names[^1]] = value?.DeepClone();
        }

        return patch;
    }

    /// <summary>What both have changed, differently. Nothing of the draft moves yet.</summary>
    public IReadOnlyList<Conflict> Meet(Referral theirs)
    {
        var tree = Tree(theirs);
        return
        [
            .. _mine.Select(mine => new Conflict(mine.Key, At(_base, mine.Key), mine.Value, At(tree, mine.Key)))
                .Where(c => !JsonNode.DeepEquals(c.Base, c.Theirs) && !JsonNode.DeepEquals(c.Mine, c.Theirs)),
        ];
    }

    /// <summary>Lays the changes over what is stored now.</summary>
    /// <param name="resolved">The conflicts, each with a choice.</param>
    public void Rebase(Referral theirs, IEnumerable<Conflict> resolved)
    {
        var mine = new Dictionary<string, JsonNode?>(_mine);
        foreach (var conflict in resolved)
            mine[conflict.Path] = conflict.Result;
        (_base, ETag) = (Tree(theirs), theirs.ETag);
        _mine.Clear();
        foreach (var (path, value) in mine)
            Set(path, value);
    }

    private static JsonObject Tree(Referral referral) => JsonSerializer.SerializeToNode(referral, ReferralJson.Wire.Referral)!.AsObject();

    private static JsonNode? At(JsonObject tree, string path) =>
        path.Split('.').Aggregate((JsonNode?)tree, static (node, name) => node?[name]);
}

/// <summary>Which side's value a person takes.</summary>
public enum ConflictChoice
{
    Mine,
    Theirs,
    Both,
}

/// <summary>A property that two people have changed at the same time.</summary>
public sealed class Conflict
{
    public Conflict(string path, JsonNode? before, JsonNode? mine, JsonNode? theirs)
    {
        (Path, Base, Mine, Theirs) = (path, before, mine, theirs);
        Both = Join(before as JsonArray, mine as JsonArray, theirs as JsonArray);
        Choice = Both is null ? null : ConflictChoice.Both;
    }

    public string Path { get; }

    /// <summary>What both had read.</summary>
    public JsonNode? Base { get; }

    public JsonNode? Mine { get; }

    public JsonNode? Theirs { get; }

    /// <summary>A list with what either has added, changed and taken out; null where there is no such thing.</summary>
    public JsonArray? Both { get; }

    /// <summary>Null until one was chosen.</summary>
    public ConflictChoice? Choice { get; set; }

    public JsonNode? Result => Choice switch
    {
        ConflictChoice.Theirs => Theirs,
        ConflictChoice.Both => Both,
        _ => Mine,
    };

    // Elements are people or solutions: known by e-mail address or id. One that both have changed is left to the person.
    private static JsonArray? Join(JsonArray? before, JsonArray? mine, JsonArray? theirs)
    {
        if (before is null || mine is null || theirs is null || !TryIndex(before, out var old) || !TryIndex(mine, out var ours)
            || !TryIndex(theirs, out var others))
            return null;
        var joined = new JsonArray();
        foreach (var (key, other) in others)
        {
            var wasThere = old.TryGetValue(key, out var first);
            if (!ours.TryGetValue(key, out var our))
            {
                if (!wasThere)
                    joined.Add(other.DeepClone());
                else if (!JsonNode.DeepEquals(first, other))
                    return null;
            }
            else if (JsonNode.DeepEquals(our, other) || JsonNode.DeepEquals(our, first))
            {
                joined.Add(other.DeepClone());
            }
            else if (JsonNode.DeepEquals(other, first))
            {
                joined.Add(our.DeepClone());
            }
            else
            {
                return null;
            }
        }

        foreach (var (key, our) in ours.Where(o => !others.ContainsKey(o.Key)))
        {
            if (!old.TryGetValue(key, out var first))
                joined.Add(our.DeepClone());
            else if (!JsonNode.DeepEquals(first, our))
                return null;
        }

        return joined;
    }

    private static bool TryIndex(JsonArray list, out Dictionary<string, JsonNode> byKey)
    {
        byKey = new(StringComparer.OrdinalIgnoreCase);
        foreach (var element in list)
        {
            if (element is not JsonObject one || (one["email"] ?? one["id"])?.ToString() is not { Length: > 0 } key || !byKey.TryAdd(key, one))
                return false;
        }

        return true;
    }
}
