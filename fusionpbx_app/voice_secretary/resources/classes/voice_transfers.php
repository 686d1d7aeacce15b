<?php

/**
 * Where a secretary may put callers through: what FusionPBX offers as destinations, as the service knows them.
 */
class voice_transfers {

	const kinds = ['extension', 'ring_group', 'queue', 'voicemail', 'external'];
	/** label of a destination's app in FusionPBX => kind; what is not here is dialled like an extension */
	const kind_of = ['ring_groups' => 'ring_group', 'call_centers' => 'queue', 'fifo' => 'queue', 'voicemails' => 'voicemail'];

	/**
	 * Numbers of the domain that FusionPBX's picker offers: value of the picker => [kind, number, label].
	 *
	 * @param array $all destinations::all('dialplan')
	 */
	public static function offered(array $all, string $domain_name): array {
		$offered = [];
		foreach ($all as $app => $values) {
			foreach (is_array($values) ? $values : [] as $label => $value) {
				if (preg_match('/^transfer:([0-9*#]{1,32}) XML (\S+)$/', (string) $value, $match) && $match[2] === $domain_name) {
					$offered[$value] = ['kind' => self::kind_of[$app] ?? 'extension', 'number' => $match[1], 'label' => $label];
				}
			}
		}
		return $offered;
	}

	/**
	 * The picker's value for a number, or '' where the domain has no such destination any more.
	 */
	public static function picked(array $offered, string $kind, string $number): string {
		$same_number = '';
		foreach ($offered as $value => $one) {
			if ($one['number'] === $number) {
				if ($one['kind'] === $kind) {
					return $value;
				}
				$same_number = $value;
			}
		}
		return $same_number;
	}

	/**
	 * A number outside the PBX: digits, with a leading + abroad.
	 */
	public static function is_external(string $number): bool {
		return preg_match('/^\+?[0-9]{2,31}$/', $number) === 1;
	}
}
