/* Stands in for the Avahi client in a SoapySDRServer that runs where no Avahi daemon does. Without a daemon
 * the server ends at once (SoapyRemote issue 96). Everything succeeds here, and nothing is announced. */
#include <unistd.h>

static char nothing[256];

void *avahi_client_new(const void *poll, int flags, void *callback, void *user, int *error)
{
    (void)poll, (void)flags, (void)callback, (void)user;
    if (error) *error = 0;
    return nothing;
}
void avahi_client_free(void *client) { (void)client; }
int avahi_client_get_state(void *client) { (void)client; return 2; /* running */ }
int avahi_client_errno(void *client) { (void)client; return 0; }
const char *avahi_client_get_version_string(void *client) { (void)client; return "none"; }
const char *avahi_client_get_host_name(void *client) { (void)client; return "localhost"; }
const char *avahi_client_get_host_name_fqdn(void *client) { (void)client; return "localhost"; }
const char *avahi_client_get_domain_name(void *client) { (void)client; return "local"; }

void *avahi_entry_group_new(void *client, void *callback, void *user)
{
    (void)client, (void)callback, (void)user;
    return nothing;
}
int avahi_entry_group_add_service_strlst(void) { return 0; }
int avahi_entry_group_commit(void *group) { (void)group; return 0; }
int avahi_entry_group_free(void *group) { (void)group; return 0; }

/* The server lives for as long as this runs. */
int avahi_simple_poll_loop(void *poll)
{
    (void)poll;
    for (;;) pause();
}
