using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Tandem.Contracts.Notifications;
using Tandem.Contracts.Organizations;
using Tandem.Contracts.Webhooks;

namespace Tandem.Client;

/// <summary>Serializer metadata of what the client itself puts together.</summary>
[JsonSerializable(typeof(JsonArray))]
[JsonSerializable(typeof(JsonObject))]
internal sealed partial class ClientJson : JsonSerializerContext
{
    /// <summary>A newer server may say more than this client knows.</summary>
    public static AdminJson Admin { get; } = new(new(AdminJson.Default.Options) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip });

    /// <summary>The same for webhooks.</summary>
    public static WebhookJson Webhooks { get; } = new(new(WebhookJson.Default.Options) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip });
    /// <inheritdoc cref="Admin"/>
    public static NoticeJson Notices { get; } = new(new(NoticeJson.Default.Options) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip });
}
